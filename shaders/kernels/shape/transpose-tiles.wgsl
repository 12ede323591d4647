// y[O,A,B] = x[O,B,A]: each workgroup turns a TILE x TILE square in workgroup memory, ROWS rows of it at a time.
var<workgroup> square: array<f32, TILE * (TILE + 1u)>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let start = group.z * A * B;
  for (var row = local.y; row < TILE; row += ROWS) {
    let b = group.x * TILE + row;
    let a = group.y * TILE + local.x;
    square[row * (TILE + 1u) + local.x] = x[start + min(b, B - 1u) * A + min(a, A - 1u)];
  }
  workgroupBarrier();
  for (var row = local.y; row < TILE; row += ROWS) {
    let a = group.y * TILE + row;
    let b = group.x * TILE + local.x;
    if ((a < A) & (b < B)) { y[start + a * B + b] = square[local.x * (TILE + 1u) + row]; }
  }
}
