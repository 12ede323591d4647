// C[GM,GN] of the included problem = sum over workspace[SPLITS,GM,GN], with its bias and activation; one element or quad per column of invocations.
#include kernels/splits.wgsl
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let i = group.y * u.ROW_INVOCATIONS + group.x * WG_X + local.x;
  let sum = sum_of_splits(i, GM * GN / WIDTH, local);
  let at = WIDTH * i;
  if ((local.y > 0u) | (at >= GM * GN)) { return; }
  let n = at % GN;
  store_c(at / GN, n, sum + bias_of(n));
}
