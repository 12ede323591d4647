// C[GM,GN] = A[GM,GK] · B[GK,GN] of the included problem, for few outputs and a long k: each of the WG_X invocations of a
// workgroup keeps a ROWS x COLS tile over every WG_X-th k, then they add up in workgroup memory.
var<workgroup> partial: array<f32, WG_X * ROWS>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
#unroll r < ROWS
  let m$r = min(group.y * ROWS + $r, GM - 1u);
#end
#unroll c < COLS
  let n$c = min(group.x * COLS + $c, GN - 1u);
#end
#unroll r < ROWS
#unroll c < COLS
  var sum$r_$c = 0.0;
#end
#end
  for (var k = local.x; k < GK; k += WG_X) {
#unroll c < COLS
    let b$c = load_b(k, n$c);
#end
#unroll r < ROWS
    let a$r = load_a(m$r, k);
#unroll c < COLS
    sum$r_$c = fma(a$r, b$c, sum$r_$c);
#end
#end
  }
#unroll c < COLS
#unroll r < ROWS
  partial[$r * WG_X + local.x] = sum$r_$c;
#end
  for (var half = WG_X / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.x < half) {
#unroll r < ROWS
      partial[$r * WG_X + local.x] += partial[$r * WG_X + local.x + half];
#end
    }
  }
  workgroupBarrier();
  if ((local.x < ROWS) & (group.y * ROWS + local.x < GM) & (group.x * COLS + $c < GN)) {
    store_c(group.y * ROWS + local.x, group.x * COLS + $c, partial[local.x * WG_X] + bias_of(n$c));
  }
  workgroupBarrier();
#end
}
