// C[GM,GN] = A[GM,GK] · B[GK,GN] of the included problem. Each invocation keeps a ROWS x COLS tile in registers; no barriers.
// Rows and columns beyond the edge repeat the last one and are not stored.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
#unroll r < ROWS
  let m$r = min(id.y * ROWS + $r, GM - 1u);
#end
#unroll c < COLS
  let n$c = min(id.x * COLS + $c, GN - 1u);
#end
#unroll r < ROWS
#unroll c < COLS
  var sum$r_$c = 0.0;
#end
#end
  for (var k = 0u; k < GK; k++) {
#unroll c < COLS
    let b$c = load_b(k, n$c);
#end
#unroll r < ROWS
    let a$r = load_a(m$r, k);
#unroll c < COLS
    sum$r_$c += a$r * b$c;
#end
#end
  }
#unroll c < COLS
  let bias$c = bias_of(n$c);
#unroll r < ROWS
  if ((id.y * ROWS + $r < GM) & (id.x * COLS + $c < GN)) { store_c(m$r, n$c, sum$r_$c + bias$c); }
#end
#end
}
