// The sum or the largest of what the WG_X invocations of a workgroup hold, known to all of them; lane_t is the including file's.
var<workgroup> lane_values: array<lane_t, WG_X>;

fn sum_of_lanes(lane: u32, own: lane_t) -> lane_t {
  lane_values[lane] = own;
  for (var half = WG_X / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lane_values[lane] += lane_values[lane + half]; }
  }
  return first_lane();
}

fn largest_of_lanes(lane: u32, own: lane_t) -> lane_t {
  lane_values[lane] = own;
  for (var half = WG_X / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lane_values[lane] = max(lane_values[lane], lane_values[lane + half]); }
  }
  return first_lane();
}

fn first_lane() -> lane_t {
  workgroupBarrier();
  let value = lane_values[0];
  // Nobody writes to it again before all have read it.
  workgroupBarrier();
  return value;
}
