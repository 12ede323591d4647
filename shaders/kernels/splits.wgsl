// Sum over SPLITS of workspace[SPLITS,size] at i, for the invocations of the first row: WG_Y invocations each take every WG_Y-th
// part, then add up in workgroup memory. SPLITS divides by 4 WG_Y. All invocations of a workgroup must call it.
var<workgroup> partial: array<workspace_t, WG_X * WG_Y>;

fn sum_of_splits(i: u32, size: u32, local: vec3<u32>) -> workspace_t {
  // Four sums, so that as many loads are under way.
#unroll j < 4
  var sum$j = workspace_t();
#end
  for (var part = local.y; part < SPLITS; part += 4u * WG_Y) {
#unroll j < 4
    sum$j += workspace[(part + $j * WG_Y) * size + min(i, size - 1u)];
#end
  }
  let slot = local.y * WG_X + local.x;
  partial[slot] = (sum0 + sum1) + (sum2 + sum3);
  for (var half = WG_Y / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.y < half) { partial[slot] += partial[slot + half * WG_X]; }
  }
  return partial[slot];
}
