// C[GM,GN] of the included problem = sum over workspace[PARTS,GM,GN], with its bias and activation; one element or quad per invocation.
#include kernels/parts.wgsl
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * ROW_INVOCATIONS + id.x;
  let at = WIDTH * i;
  if (at >= GM * GN) { return; }
  let n = at % GN;
  store_c(at / GN, n, sum_of_parts(i, GM * GN / WIDTH) + bias_of(n));
}
