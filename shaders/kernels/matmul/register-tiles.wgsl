// c[M,N] = act(A·B + bias[N]), any transposition. Each invocation keeps a ROWS x COLS tile in registers; no barriers.
// Rows and columns beyond the edge repeat the last one and are not stored.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
#unroll r < ROWS
  let m$r = min(id.y * ROWS + $r, u.M - 1u);
#end
#unroll c < COLS
  let n$c = min(id.x * COLS + $c, u.N - 1u);
#end
#unroll r < ROWS
#unroll c < COLS
  var sum$r_$c = 0.0;
#end
#end
  for (var k = 0u; k < u.K; k++) {
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
#unroll r < ROWS
#unroll c < COLS
  if (id.y * ROWS + $r < u.M && id.x * COLS + $c < u.N) { c[m$r * u.N + n$c] = activate(sum$r_$c + bias_at(n$c)); }
#end
#end
}
