// At each of 64 points, workspace[C, F] = that of inputs[TILES, C], transposed, · that of gradients[TILES, F], for adapters that run
// four invocations as one SIMD unit: four tiles at a time, BLOCKS blocks of four channels of each invocation, exchanged by quad
// swaps, by its own four filters.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let tiles = u.TILES_STORED;
  let channels = u.DEPTH;
  let filters = u.BLOCKS;
  let own_block = group.x * 4u + lane;
  let first = group.y * (4u * ROWS) + lane;
  var b_at = u.GRADIENTS + group.z * tiles * filters + min(own_block, filters - 1u);
  var a_at = u.INPUTS + group.z * tiles * channels;
#unroll r < ROWS
  let block$r = min(first + ${$r * 4}u, channels - 1u);
#unroll c < 4
  var own$r_$c = vec4<f32>(); var right$r_$c = vec4<f32>(); var below$r_$c = vec4<f32>(); var across$r_$c = vec4<f32>();
#end
#end
  for (var tile = 0u; tile < tiles; tile += 4u) {
    let b = mat4x4<f32>(workspace[b_at], workspace[b_at + filters], workspace[b_at + 2u * filters], workspace[b_at + 3u * filters]);
#unroll r < ROWS
    let a$r = transpose(mat4x4<f32>(workspace[a_at + block$r], workspace[a_at + channels + block$r], workspace[a_at + 2u * channels + block$r], workspace[a_at + 3u * channels + block$r]));
#unroll c < 4
    own$r_$c += b * a$r[$c]; right$r_$c += b * quadSwapX(a$r[$c]); below$r_$c += b * quadSwapY(a$r[$c]); across$r_$c += b * quadSwapDiagonal(a$r[$c]);
#end
#end
    a_at += 4u * channels;
    b_at += 4u * filters;
  }
  var sums = array<vec4<f32>, 16u * ROWS>(
#unroll r < ROWS
#unroll c < 4
    own$r_$c, right$r_$c, below$r_$c, across$r_$c,
#end
#end
  );
  let to = u.TO + group.z * 4u * channels * filters + own_block;
  for (var i = 0u; i < 16u * ROWS; i++) {
    let block = group.y * (4u * ROWS) + i / 16u * 4u + (lane ^ (i % 4u));
    if ((block < channels) & (own_block < filters)) { workspace[to + (4u * block + i / 4u % 4u) * filters] = sums[i]; }
  }
}
