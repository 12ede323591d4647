// At each of 64 points, workspace[TILES, F] = that of inputs[TILES, C] · that of weights[C, F], for adapters that run four
// invocations as one SIMD unit, as quad-tiles.wgsl: ROWS rows of each invocation, exchanged by quad swaps, by its own columns.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3<u32>) {
  let tiles = u.TILES_STORED;
  let depth = u.DEPTH;
  let blocks = u.BLOCKS;
  let first_row = group.y * (4u * ROWS);
  let first_block = group.x * (4u * COLUMN_BLOCKS) + lane;
  var b_at = u.WEIGHTS + group.z * 4u * depth * blocks;
  let a_at = u.INPUTS + group.z * tiles * depth;
#unroll j < COLUMN_BLOCKS
  let block$j = min(first_block + ${$j * 4}u, blocks - 1u);
#end
#unroll r < ROWS
  let row$r = a_at + min(first_row + ${$r * 4}u + lane, tiles - 1u) * depth;
#unroll j < COLUMN_BLOCKS
  var own$r_$j = vec4<f32>(); var right$r_$j = vec4<f32>(); var below$r_$j = vec4<f32>(); var across$r_$j = vec4<f32>();
#end
#end
  for (var k = 0u; k < depth; k++) {
#unroll j < COLUMN_BLOCKS
    let b$j = mat4x4<f32>(workspace[b_at + block$j], workspace[b_at + blocks + block$j], workspace[b_at + 2u * blocks + block$j], workspace[b_at + 3u * blocks + block$j]);
#end
    b_at += 4u * blocks;
#unroll r < ROWS
    let a$r = workspace[row$r + k];
    let x$r = quadSwapX(a$r); let y$r = quadSwapY(a$r); let d$r = quadSwapDiagonal(a$r);
#unroll j < COLUMN_BLOCKS
    own$r_$j += b$j * a$r; right$r_$j += b$j * x$r; below$r_$j += b$j * y$r; across$r_$j += b$j * d$r;
#end
#end
  }
  let to = u.TO + group.z * tiles * blocks;
#unroll j < COLUMN_BLOCKS
  {
    var sums = array<vec4<f32>, 4u * ROWS>(
#unroll r < ROWS
      own$r_$j, right$r_$j, below$r_$j, across$r_$j,
#end
    );
    for (var i = 0u; i < 4u * ROWS; i++) {
      let row = first_row + i / 4u * 4u + (lane ^ (i % 4u));
      if ((row < tiles) & (first_block + ${$j * 4}u < blocks)) { workspace[to + row * blocks + block$j] = sums[i]; }
    }
  }
#end
}
