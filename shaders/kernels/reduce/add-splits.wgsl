// y[OUTER,INNER] = sum over workspace[SPLITS,OUTER,INNER], divided by AXIS where MEAN = 1; one element per column of invocations.
#include kernels/splits.wgsl
#include kernels/reduce/store.wgsl
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let i = group.y * u.ROW_INVOCATIONS + group.x * WG_X + local.x;
  let sum = sum_of_splits(i, u.OUTER * u.INNER, local);
  if ((local.y == 0u) & (i < u.OUTER * u.INNER)) { store(i, sum); }
}
