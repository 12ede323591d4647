// norm = sqrt(sum of partials); scale = norm finite ? min(1, limit / norm) : -1. CLIP = 2: of all, to scales[0], and the
// norm to scales[1]; CLIP = 3: of the counts[t] blocks of tensor t, to each of theirs. One workgroup per tensor.
var<workgroup> shared_sums: array<f32, WG_X>;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {
  let tensor = group.y * (u.ROW_INVOCATIONS / WG_X) + group.x;
  var start = 0u;
  var end = u.PARTIALS;
#if u.CLIP == 3
  for (var t = 0u; t < min(tensor, u.TENSORS); t++) { start += counts_at(t); }
  end = start + select(0u, counts_at(min(tensor, u.TENSORS - 1u)), tensor < u.TENSORS);
#end
  var sum = 0.0;
  for (var i = start + local.x; i < end; i += WG_X) { sum += partials[i]; }
  shared_sums[local.x] = sum;
  for (var half = WG_X / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.x < half) { shared_sums[local.x] += shared_sums[local.x + half]; }
  }
  workgroupBarrier();
  let total = shared_sums[0];
  // By its bits: compilers may take comparisons with infinities and NaN for granted.
  let finite = (bitcast<u32>(total) & 0x7f800000u) != 0x7f800000u;
  let norm = sqrt(total);
  let limit = hyper[u.GROUP * 12u + 11u];
  let scale = select(-1.0, min(1.0, limit / max(norm, 1e-37)), finite);
#if u.CLIP == 3
  for (var i = start + local.x; i < end; i += WG_X) { scales[i] = scale; }
#else
  if (local.x == 0u) {
    scales[0] = scale;
    scales[1] = norm;
  }
#end
}
