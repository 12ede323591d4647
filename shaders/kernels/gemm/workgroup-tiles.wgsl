// C[GM,GN] = A[GM,GK] · B[GK,GN] of the included problem. A workgroup of WG_Y x WG_X invocations stages TILE_K-deep slices of A and B
// in workgroup memory between barriers; each invocation keeps ROWS x COLS sums, strided by the workgroup so that reads of the
// slices do not collide in one bank.
const TILE_M = WG_Y * ROWS;
const TILE_N = WG_X * COLS;
const THREADS = WG_X * WG_Y;
var<workgroup> slice_a: array<f32, TILE_K * (TILE_M + 1u)>;
var<workgroup> slice_b: array<f32, TILE_K * (TILE_N + 1u)>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let thread = local.y * WG_X + local.x;
  let m_start = group.y * TILE_M;
  let n_start = group.x * TILE_N;
#unroll r < ROWS
#unroll c < COLS
  var sum$r_$c = 0.0;
#end
#end
  for (var k_start = 0u; k_start < GK; k_start += TILE_K) {
    for (var i = thread; i < TILE_K * TILE_M; i += THREADS) {
      // Neighbouring invocations read neighbouring addresses, whichever way A is stored.
      let k = select(i % TILE_K, i / TILE_M, A_BY_ROWS);
      let m = select(i / TILE_K, i % TILE_M, A_BY_ROWS);
      let inside = (k_start + k < GK) & (m_start + m < GM);
      slice_a[k * (TILE_M + 1u) + m] = select(0.0, load_a(min(m_start + m, GM - 1u), min(k_start + k, GK - 1u)), inside);
    }
    for (var i = thread; i < TILE_K * TILE_N; i += THREADS) {
      let k = select(i % TILE_K, i / TILE_N, B_BY_COLUMNS);
      let n = select(i / TILE_K, i % TILE_N, B_BY_COLUMNS);
      let inside = (k_start + k < GK) & (n_start + n < GN);
      slice_b[k * (TILE_N + 1u) + n] = select(0.0, load_b(min(k_start + k, GK - 1u), min(n_start + n, GN - 1u)), inside);
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE_K; k++) {
      let at_a = k * (TILE_M + 1u) + local.y;
      let at_b = k * (TILE_N + 1u) + local.x;
#unroll c < COLS
      let b$c = slice_b[at_b + $c * WG_X];
#end
#unroll r < ROWS
      let a$r = slice_a[at_a + $r * WG_Y];
#unroll c < COLS
      sum$r_$c = fma(a$r, b$c, sum$r_$c);
#end
#end
    }
    workgroupBarrier();
  }
#unroll c < COLS
  {
    let n = n_start + $c * WG_X + local.x;
    let bias = bias_of(min(n, GN - 1u));
#unroll r < ROWS
    if ((m_start + $r * WG_Y + local.y < GM) & (n < GN)) { store_c(m_start + $r * WG_Y + local.y, n, sum$r_$c + bias); }
#end
  }
#end
}
