// c[M,N] = act(A·B + bias[N]), any transposition, for adapters that run four invocations as one SIMD unit (SwiftShader).
// There a load costs as much as ten multiply-adds, so four invocations load 4x4 blocks of different rows and columns and
// exchange the rows by quad swaps: invocation l makes rows of l, l^1, l^2 and l^3 for its own columns. A tile is
// 4*ROWS x 16*BLOCKS; k advances by 4*DEPTH. Operands whose rows divide by four are seen as vec4s. Products of one shape that
// lie one after the other are one dispatch, each a layer of its grid.
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

// A[m, k..k+3] from `start` on; beyond K zeros, so that the products vanish.
#if a.width == 1
fn a_element(start: u32, m: u32, k: u32) -> f32 {
#if u.TA == 1
  let at = start + min(k, u.K - 1u) * u.M + m;
#else
  let at = start + m * u.K + min(k, u.K - 1u);
#end
#if u.K % 4 == 0
  return a[at];
#else
  return select(0.0, a[at], k < u.K);
#end
}
fn a_row(start: u32, m: u32, k: u32) -> vec4<f32> { return vec4<f32>(a_element(start, m, k), a_element(start, m, k + 1u), a_element(start, m, k + 2u), a_element(start, m, k + 3u)); }
#end

// B[k..k+3, n..n+3] from `start` on, as a matrix whose columns are the rows of B. `nb` counts blocks of four columns, `row` is the
// length of a stored one.
#if b.width == 4
#if u.TB == 0
fn b_block(start: u32, k: u32, nb: u32, row: u32) -> mat4x4<f32> {
  let at = start + k * row + nb;
#if u.K % 4 == 0
  return mat4x4<f32>(b[at], b[at + row], b[at + 2u * row], b[at + 3u * row]);
#else
  let last = u.K - 1u;
  return mat4x4<f32>(b[at], b[start + min(k + 1u, last) * row + nb], b[start + min(k + 2u, last) * row + nb], b[start + min(k + 3u, last) * row + nb]);
#end
}
#else
fn b_block(start: u32, k: u32, nb: u32, row: u32) -> mat4x4<f32> {
  let n = nb * 4u;
#if u.N % 4 == 0
  let at = start + n * row + k / 4u;
  return transpose(mat4x4<f32>(b[at], b[at + row], b[at + 2u * row], b[at + 3u * row]));
#else
  let last = u.N - 1u;
  let at = start + k / 4u;
  return transpose(mat4x4<f32>(b[at + n * row], b[at + min(n + 1u, last) * row], b[at + min(n + 2u, last) * row], b[at + min(n + 3u, last) * row]));
#end
}
#end
#else
fn b_element(start: u32, k: u32, n: u32) -> f32 {
#if u.TB == 1
  return b[start + min(n, u.N - 1u) * u.K + min(k, u.K - 1u)];
#else
  return b[start + min(k, u.K - 1u) * u.N + min(n, u.N - 1u)];
#end
}
fn b_row(start: u32, k: u32, n: u32) -> vec4<f32> { return vec4<f32>(b_element(start, k, n), b_element(start, k, n + 1u), b_element(start, k, n + 2u), b_element(start, k, n + 3u)); }
fn b_block(start: u32, k: u32, nb: u32, row: u32) -> mat4x4<f32> { return mat4x4<f32>(b_row(start, k, nb * 4u), b_row(start, k + 1u, nb * 4u), b_row(start, k + 2u, nb * 4u), b_row(start, k + 3u, nb * 4u)); }
#end

#if u.N % 4 == 0
#if u.BIAS == 1
fn bias_of(nb: u32) -> vec4<f32> { return bias_at(min(nb, u.N / 4u - 1u)); }
#else
fn bias_of(nb: u32) -> vec4<f32> { return vec4<f32>(); }
#end
fn store(layer: u32, m: u32, nb: u32, value: vec4<f32>) {
  let row = u.N / 4u;
  if ((m < u.M) & (nb < row)) { c[(layer * u.M + m) * row + nb] = activate(value); }
}
#else
#if u.BIAS == 1
fn bias_of(nb: u32) -> vec4<f32> {
  let n = nb * 4u;
  return vec4<f32>(bias_at(min(n, u.N - 1u)), bias_at(min(n + 1u, u.N - 1u)), bias_at(min(n + 2u, u.N - 1u)), bias_at(min(n + 3u, u.N - 1u)));
}
#else
fn bias_of(nb: u32) -> vec4<f32> { return vec4<f32>(); }
#end
fn store(layer: u32, m: u32, nb: u32, value: vec4<f32>) {
  let n = nb * 4u;
  let at = (layer * u.M + m) * u.N + n;
  let result = activate(value);
  if ((m < u.M) & (n < u.N)) { c[at] = result.x; }
  if ((m < u.M) & (n + 1u < u.N)) { c[at + 1u] = result.y; }
  if ((m < u.M) & (n + 2u < u.N)) { c[at + 2u] = result.z; }
  if ((m < u.M) & (n + 3u < u.N)) { c[at + 3u] = result.w; }
}
#end

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let rows = u.M;
  let depth = u.K;
  let m_start = group.y * TILE_M;
  let n_block = group.x * (TILE_N / 4u) + lane;
  let a_start = group.z * rows * depth / ${a.width}u;
  let b_start = group.z * depth * u.N / ${b.width}u;
#if u.TB == 1
  let b_row_length = depth / ${b.width}u;
#else
  let b_row_length = u.N / ${b.width}u;
#end
#if u.TA * a.width == 4
  let a_row_length = rows / 4u;
#unroll q < ROWS / 4
  let m$q = min(m_start / 4u + $q * 4u + lane, a_row_length - 1u);
#end
#else
#unroll q < ROWS / 4
#unroll i < 4
#if a.width == 4
  let m$q_$i = a_start + min(row(m_start, $q * 4 + $i, lane), rows - 1u) * (depth / 4u);
#else
  let m$q_$i = min(row(m_start, $q * 4 + $i, lane), rows - 1u);
#end
#end
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
  for (var start = 0u; start < depth; start += 4u * DEPTH) {
#unroll d < DEPTH
    {
      let k = start + 4u * $d;
#unroll j < BLOCKS
      let b$j = b_block(b_start, k, n$j, b_row_length);
#end
#if u.TA * a.width == 4
#unroll q < ROWS / 4
#if u.K % 4 == 0
      let at$q = a_start + k * a_row_length + m$q;
      let block$q = transpose(mat4x4<f32>(a[at$q], a[at$q + a_row_length], a[at$q + 2u * a_row_length], a[at$q + 3u * a_row_length]));
#else
      let at$q = a_start + m$q;
      let zero$q = vec4<f32>();
      let block$q = transpose(mat4x4<f32>(
        a[at$q + k * a_row_length],
        select(zero$q, a[at$q + min(k + 1u, depth - 1u) * a_row_length], k + 1u < depth),
        select(zero$q, a[at$q + min(k + 2u, depth - 1u) * a_row_length], k + 2u < depth),
        select(zero$q, a[at$q + min(k + 3u, depth - 1u) * a_row_length], k + 3u < depth)));
#end
#end
#end
#unroll q < ROWS / 4
#unroll i < 4
#if u.TA * a.width == 4
      let a$q_$i = block$q[$i];
#else
#if a.width == 4
      let a$q_$i = a[m$q_$i + k / 4u];
#else
      let a$q_$i = a_row(a_start, m$q_$i, k);
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
    for (var i = 0u; i < 4u * ROWS; i++) { store(group.z, row(m_start, i / 4u, lane ^ (i % 4u)), nb, sums[i] + bias); }
  }
#end
}
