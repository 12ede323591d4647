// The sum or the largest of what the WG_X invocations of a workgroup hold, known to all of them; lane_t is the including file's.
var<workgroup> lane_values: array<lane_t, WG_X>;

#if subgroups == 1
// First within each subgroup; one invocation of each leaves the result in a slot of its own, and all subgroups go through all slots.
// Nothing is taken for granted about how large subgroups are and which invocations they hold.
fn sum_of_lanes(lane: u32, own: lane_t) -> lane_t {
  let sum = subgroupAdd(own);
  lane_values[lane] = select(lane_t(), sum, subgroupElect());
  workgroupBarrier();
  let step = subgroupAdd(1u);
  var rest = lane_t();
  for (var i = subgroupExclusiveAdd(1u); i < WG_X; i += step) { rest += lane_values[i]; }
  let total = subgroupAdd(rest);
  // Nobody writes to it again before all have read it.
  workgroupBarrier();
  return total;
}

fn largest_of_lanes(lane: u32, own: lane_t) -> lane_t {
  lane_values[lane] = subgroupMax(own);
  workgroupBarrier();
  let step = subgroupAdd(1u);
  var rest = own;
  for (var i = subgroupExclusiveAdd(1u); i < WG_X; i += step) { rest = max(rest, lane_values[i]); }
  let largest = subgroupMax(rest);
  workgroupBarrier();
  return largest;
}
#else
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
#end
