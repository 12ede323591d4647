// C[GM,GN] = A[GM,GK] · B[GK,GN] of the included problem, or one part of the sums (whole.wgsl, split.wgsl). A workgroup of WG_Y x WG_X
// invocations stages TILE_K-deep slices of A and B in workgroup memory between barriers, as vec4s along M and N, so that ROWS x COLS
// products take (ROWS + COLS) / 4 loads. An invocation's quads lie WG_Y and WG_X apart, and slices are padded by one quad: reads and
// writes spread over the banks. Rows and columns beyond the edge repeat the last ones and are not stored.
const QUADS_M = WG_Y * ROWS / 4u;
const QUADS_N = WG_X * COLS / 4u;
const THREADS = WG_X * WG_Y;
var<workgroup> slice_a: array<vec4<f32>, TILE_K * (QUADS_M + 1u)>;
var<workgroup> slice_b: array<vec4<f32>, TILE_K * (QUADS_N + 1u)>;

// Zero beyond the end of the sum.
#if WIDTH == 4
fn quad_a(m: u32, k: u32) -> vec4<f32> { return within(load_a(m, min(k, GK - 1u - 3u * A_ALONG_K)), k); }
fn quad_b(k: u32, n: u32) -> vec4<f32> { return within(load_b(min(k, GK - 1u - 3u * B_ALONG_K), n), k); }
#if GK % TILE_K == 0
fn within(values: vec4<f32>, k: u32) -> vec4<f32> { return values; }
#else
fn within(values: vec4<f32>, k: u32) -> vec4<f32> { return select(vec4<f32>(), values, k < GK); }
#end
#else
fn element_a(m: u32, k: u32) -> f32 { return select(0.0, load_a(min(m, GM - 1u), min(k, GK - 1u)), k < GK); }
fn element_b(k: u32, n: u32) -> f32 { return select(0.0, load_b(min(k, GK - 1u), min(n, GN - 1u)), k < GK); }
#end

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
    // Neighbouring invocations read neighbouring addresses, whichever way an operand is stored.
#if WIDTH * A_ALONG_K == 4
    // Blocks of 4 x 4 are turned by one invocation: no two may write parts of one vector.
    for (var i = thread; i < TILE_K / 4u * QUADS_M; i += THREADS) {
      let k = 4u * (i % (TILE_K / 4u));
      let quad = i / (TILE_K / 4u);
#unroll j < 4
      let row$j = quad_a(min(m_start + 4u * quad + $j, GM - 1u), k_start + k);
#end
#unroll j < 4
      slice_a[(k + $j) * (QUADS_M + 1u) + quad] = vec4<f32>(row0[$j], row1[$j], row2[$j], row3[$j]);
#end
    }
#else
    for (var i = thread; i < TILE_K * QUADS_M; i += THREADS) {
#if WIDTH == 4
      slice_a[i / QUADS_M * (QUADS_M + 1u) + i % QUADS_M] = quad_a(min(m_start + 4u * (i % QUADS_M), GM - 4u), k_start + i / QUADS_M);
#else
      let k = select(i / QUADS_M, i % TILE_K, A_ALONG_K == 1u);
      let quad = select(i % QUADS_M, i / TILE_K, A_ALONG_K == 1u);
      let m = m_start + 4u * quad;
      slice_a[k * (QUADS_M + 1u) + quad] = vec4<f32>(element_a(m, k_start + k), element_a(m + 1u, k_start + k), element_a(m + 2u, k_start + k), element_a(m + 3u, k_start + k));
#end
    }
#end
#if WIDTH * B_ALONG_K == 4
    // From the other end: the invocations with the lowest numbers may have had a block of A.
    for (var i = THREADS - 1u - thread; i < TILE_K / 4u * QUADS_N; i += THREADS) {
      let k = 4u * (i % (TILE_K / 4u));
      let quad = i / (TILE_K / 4u);
#unroll j < 4
      let column$j = quad_b(k_start + k, min(n_start + 4u * quad + $j, GN - 1u));
#end
#unroll j < 4
      slice_b[(k + $j) * (QUADS_N + 1u) + quad] = vec4<f32>(column0[$j], column1[$j], column2[$j], column3[$j]);
#end
    }
#else
    for (var i = thread; i < TILE_K * QUADS_N; i += THREADS) {
#if WIDTH == 4
      slice_b[i / QUADS_N * (QUADS_N + 1u) + i % QUADS_N] = quad_b(k_start + i / QUADS_N, min(n_start + 4u * (i % QUADS_N), GN - 4u));
#else
      let k = select(i / QUADS_N, i % TILE_K, B_ALONG_K == 1u);
      let quad = select(i % QUADS_N, i / TILE_K, B_ALONG_K == 1u);
      let n = n_start + 4u * quad;
      slice_b[k * (QUADS_N + 1u) + quad] = vec4<f32>(element_b(k_start + k, n), element_b(k_start + k, n + 1u), element_b(k_start + k, n + 2u), element_b(k_start + k, n + 3u));
#end
    }
#end
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
#if WIDTH == 4
#unroll c < COLS / 4
  {
    let n = n_start + 4u * ($c * WG_X + local.x);
    let start = start_of(min(n, GN - 4u));
#unroll r < ROWS
    {
      let m = m_start + 4u * (${$r / 4}u * WG_Y + local.y) + ${$r % 4}u;
      if ((m < GM) & (n < GN)) { keep(group.z, m, n, sum$r_$c + start); }
    }
#end
  }
#end
#else
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
#end
}
