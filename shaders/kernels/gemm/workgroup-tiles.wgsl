// C[GM,GN] = A[GM,GK] · B[GK,GN] of the included problem, or one part of the sums (whole.wgsl, parts.wgsl). A workgroup of WG_Y x WG_X invocations stages TILE_K-deep slices of A and B
// in workgroup memory between barriers, as vec4s along M and N, so that ROWS x COLS products take (ROWS + COLS) / 4 loads. An
// invocation's quads lie WG_Y and WG_X apart, and slices are padded by one quad: reads and writes spread over the banks.
const QUADS_M = WG_Y * ROWS / 4u;
const QUADS_N = WG_X * COLS / 4u;
const THREADS = WG_X * WG_Y;
var<workgroup> slice_a: array<vec4<f32>, TILE_K * (QUADS_M + 1u)>;
var<workgroup> slice_b: array<vec4<f32>, TILE_K * (QUADS_N + 1u)>;

fn element_a(m: u32, k: u32) -> f32 { return select(0.0, load_a(min(m, GM - 1u), min(k, GK - 1u)), (m < GM) & (k < GK)); }
fn element_b(k: u32, n: u32) -> f32 { return select(0.0, load_b(min(k, GK - 1u), min(n, GN - 1u)), (k < GK) & (n < GN)); }

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let thread = local.y * WG_X + local.x;
  let m_start = group.y * QUADS_M * 4u;
  let n_start = group.x * QUADS_N * 4u;
#unroll r < ROWS
#unroll c < COLS / 4
  var sum$r_$c = vec4<f32>();
#end
#end
  let k_end = last_k(group.z);
  for (var k_start = first_k(group.z); k_start < k_end; k_start += TILE_K) {
    for (var i = thread; i < TILE_K * QUADS_M; i += THREADS) {
      // Neighbouring invocations read neighbouring addresses, whichever way A is stored.
      let k = select(i % TILE_K, i / QUADS_M, A_BY_ROWS);
      let quad = select(i / TILE_K, i % QUADS_M, A_BY_ROWS);
      let m = m_start + 4u * quad;
      slice_a[k * (QUADS_M + 1u) + quad] = vec4<f32>(element_a(m, k_start + k), element_a(m + 1u, k_start + k), element_a(m + 2u, k_start + k), element_a(m + 3u, k_start + k));
    }
    for (var i = thread; i < TILE_K * QUADS_N; i += THREADS) {
      let k = select(i % TILE_K, i / QUADS_N, B_BY_COLUMNS);
      let quad = select(i / TILE_K, i % QUADS_N, B_BY_COLUMNS);
      let n = n_start + 4u * quad;
      slice_b[k * (QUADS_N + 1u) + quad] = vec4<f32>(element_b(k_start + k, n), element_b(k_start + k, n + 1u), element_b(k_start + k, n + 2u), element_b(k_start + k, n + 3u));
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE_K; k++) {
      let at_a = k * (QUADS_M + 1u) + local.y;
      let at_b = k * (QUADS_N + 1u) + local.x;
#unroll c < COLS / 4
      let b$c = slice_b[at_b + $c * WG_X];
#end
#unroll q < ROWS / 4
      let a$q = slice_a[at_a + $q * WG_Y];
#end
#unroll r < ROWS
#unroll c < COLS / 4
      sum$r_$c = fma(vec4<f32>(a${$r / 4}[${$r % 4}]), b$c, sum$r_$c);
#end
#end
    }
    workgroupBarrier();
  }
#unroll c < COLS / 4
#unroll j < 4
  {
    let n = n_start + 4u * ($c * WG_X + local.x) + ${$j}u;
    let start = start_of(min(n, GN - 1u));
#unroll r < ROWS
    {
      let m = m_start + 4u * (${$r / 4}u * WG_Y + local.y) + ${$r % 4}u;
      if ((m < GM) & (n < GN)) { keep(group.z, m, n, sum$r_$c[$j] + start); }
    }
#end
  }
#end
#end
}
