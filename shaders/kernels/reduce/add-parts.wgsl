// y[OUTER,INNER] = sum over workspace[PARTS,OUTER,INNER], divided by AXIS where MEAN = 1; one element per invocation.
#include kernels/parts.wgsl
#include kernels/reduce/store.wgsl
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * ROW_INVOCATIONS + id.x;
  if (i < u.OUTER * u.INNER) { store(i, sum_of_parts(i, u.OUTER * u.INNER)); }
}
