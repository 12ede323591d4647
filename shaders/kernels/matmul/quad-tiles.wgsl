// c[M,N] = act(A·B + bias[N]), any transposition, for adapters that run four invocations as one SIMD unit (SwiftShader).
// There a load costs as much as ten multiply-adds, so four invocations load 4x4 blocks of different rows and columns and
// exchange the rows by quad swaps: invocation l makes rows of l, l^1, l^2 and l^3 for its own columns. A tile is
// 4*ROWS x 16*BLOCKS; k advances by 4*DEPTH. Operands whose rows divide by four are seen as vec4s.
const TILE_M = 4u * ROWS;
const TILE_N = 16u * BLOCKS;

// Row r of invocation l. A transposed and seen as vec4s gives four neighbouring rows at once.
fn row(start: u32, r: u32, l: u32) -> u32 {
#if u.TA * a.width == 4
  return start + r / 4u * 16u + l * 4u + r % 4u;
#else
  return start + r * 4u + l;
#end
}

// A[m, k..k+3]; beyond K zeros, so that the products vanish.
#if a.width == 1
fn a_element(m: u32, k: u32) -> f32 {
#if u.TA == 1
  let at = min(k, u.K - 1u) * u.M + m;
#else
  let at = m * u.K + min(k, u.K - 1u);
#end
#if u.K % 4 == 0
  return a[at];
#else
  return select(0.0, a[at], k < u.K);
#end
}
fn a_row(m: u32, k: u32) -> vec4<f32> { return vec4<f32>(a_element(m, k), a_element(m, k + 1u), a_element(m, k + 2u), a_element(m, k + 3u)); }
#end

// B[k..k+3, n..n+3] as a matrix whose columns are the rows of B. `nb` counts blocks of four columns.
#if b.width == 4
#if u.TB == 0
fn b_block(k: u32, nb: u32) -> mat4x4<f32> {
  let at = k * (u.N / 4u) + nb;
#if u.K % 4 == 0
  return mat4x4<f32>(b[at], b[at + u.N / 4u], b[at + u.N / 2u], b[at + 3u * (u.N / 4u)]);
#else
  return mat4x4<f32>(b[at], b[min(k + 1u, u.K - 1u) * (u.N / 4u) + nb], b[min(k + 2u, u.K - 1u) * (u.N / 4u) + nb], b[min(k + 3u, u.K - 1u) * (u.N / 4u) + nb]);
#end
}
#else
fn b_block(k: u32, nb: u32) -> mat4x4<f32> {
  let n = nb * 4u;
#if u.N % 4 == 0
  let at = n * (u.K / 4u) + k / 4u;
  return transpose(mat4x4<f32>(b[at], b[at + u.K / 4u], b[at + u.K / 2u], b[at + 3u * (u.K / 4u)]));
#else
  return transpose(mat4x4<f32>(b[n * (u.K / 4u) + k / 4u], b[min(n + 1u, u.N - 1u) * (u.K / 4u) + k / 4u], b[min(n + 2u, u.N - 1u) * (u.K / 4u) + k / 4u], b[min(n + 3u, u.N - 1u) * (u.K / 4u) + k / 4u]));
#end
}
#end
#else
fn b_element(k: u32, n: u32) -> f32 {
#if u.TB == 1
  return b[min(n, u.N - 1u) * u.K + min(k, u.K - 1u)];
#else
  return b[min(k, u.K - 1u) * u.N + min(n, u.N - 1u)];
#end
}
fn b_row(k: u32, n: u32) -> vec4<f32> { return vec4<f32>(b_element(k, n), b_element(k, n + 1u), b_element(k, n + 2u), b_element(k, n + 3u)); }
fn b_block(k: u32, nb: u32) -> mat4x4<f32> { return mat4x4<f32>(b_row(k, nb * 4u), b_row(k + 1u, nb * 4u), b_row(k + 2u, nb * 4u), b_row(k + 3u, nb * 4u)); }
#end

#if u.N % 4 == 0
fn bias_of(nb: u32) -> vec4<f32> { return bias_at(min(nb, u.N / 4u - 1u)); }
fn store(m: u32, nb: u32, value: vec4<f32>) {
  if ((m < u.M) & (nb < u.N / 4u)) { c[m * (u.N / 4u) + nb] = activate(value); }
}
#else
fn bias_of(nb: u32) -> vec4<f32> {
  let n = nb * 4u;
  return vec4<f32>(bias_at(min(n, u.N - 1u)), bias_at(min(n + 1u, u.N - 1u)), bias_at(min(n + 2u, u.N - 1u)), bias_at(min(n + 3u, u.N - 1u)));
}
fn store(m: u32, nb: u32, value: vec4<f32>) {
  let n = nb * 4u;
  let result = activate(value);
  if ((m < u.M) & (n < u.N)) { c[m * u.N + n] = result.x; }
  if ((m < u.M) & (n + 1u < u.N)) { c[m * u.N + n + 1u] = result.y; }
  if ((m < u.M) & (n + 2u < u.N)) { c[m * u.N + n + 2u] = result.z; }
  if ((m < u.M) & (n + 3u < u.N)) { c[m * u.N + n + 3u] = result.w; }
}
#end

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let m_start = group.y * TILE_M;
  let n_block = group.x * (TILE_N / 4u) + lane;
#unroll q < ROWS / 4
#unroll i < 4
  let m$q_$i = min(row(m_start, $q * 4 + $i, lane), u.M - 1u);
#end
#end
#unroll j < BLOCKS
  let n$j = min(n_block + $j * 4u, (u.N + 3u) / 4u - 1u);
#end
#unroll q < ROWS / 4
#unroll i < 4
#unroll j < BLOCKS
  var own$q_$i_$j = vec4<f32>(); var right$q_$i_$j = vec4<f32>(); var below$q_$i_$j = vec4<f32>(); var across$q_$i_$j = vec4<f32>();
#end
#end
#end
  for (var start = 0u; start < u.K; start += 4u * DEPTH) {
#unroll d < DEPTH
    {
      let k = start + 4u * $d;
#unroll j < BLOCKS
      let b$j = b_block(k, n$j);
#end
#if u.TA * a.width == 4
#unroll q < ROWS / 4
#if u.K % 4 == 0
      let at$q = k * (u.M / 4u) + min(m_start / 4u + $q * 4u + lane, u.M / 4u - 1u);
      let block$q = transpose(mat4x4<f32>(a[at$q], a[at$q + u.M / 4u], a[at$q + u.M / 2u], a[at$q + 3u * (u.M / 4u)]));
#else
      let at$q = min(m_start / 4u + $q * 4u + lane, u.M / 4u - 1u);
      let zero$q = vec4<f32>();
      let block$q = transpose(mat4x4<f32>(
        a[k * (u.M / 4u) + at$q],
        select(zero$q, a[min(k + 1u, u.K - 1u) * (u.M / 4u) + at$q], k + 1u < u.K),
        select(zero$q, a[min(k + 2u, u.K - 1u) * (u.M / 4u) + at$q], k + 2u < u.K),
        select(zero$q, a[min(k + 3u, u.K - 1u) * (u.M / 4u) + at$q], k + 3u < u.K)));
#end
#end
#end
#unroll q < ROWS / 4
#unroll i < 4
#if u.TA * a.width == 4
      let a$q_$i = block$q[$i];
#else
#if a.width == 4
      let a$q_$i = a[m$q_$i * (u.K / 4u) + k / 4u];
#else
      let a$q_$i = a_row(m$q_$i, k);
#end
#end
      let swapped_x$q_$i = quadSwapX(a$q_$i);
      let swapped_y$q_$i = quadSwapY(a$q_$i);
      let swapped_d$q_$i = quadSwapDiagonal(a$q_$i);
#unroll j < BLOCKS
      own$q_$i_$j += b$j * a$q_$i; right$q_$i_$j += b$j * swapped_x$q_$i; below$q_$i_$j += b$j * swapped_y$q_$i; across$q_$i_$j += b$j * swapped_d$q_$i;
#end
#end
#end
    }
#end
  }
#unroll j < BLOCKS
  {
    let nb = n_block + $j * 4u;
    let bias = bias_of(nb);
    // Stores stand once, in a loop: SwiftShader turns each into a branch for every number and takes as long to compile them.
    var sums = array<vec4<f32>, 4u * ROWS>(
#unroll q < ROWS / 4
#unroll i < 4
      own$q_$i_$j, right$q_$i_$j, below$q_$i_$j, across$q_$i_$j,
#end
#end
    );
    for (var i = 0u; i < 4u * ROWS; i++) { store(row(m_start, i / 4u, lane ^ (i % 4u)), nb, sums[i] + bias); }
  }
#end
}
