// For reduce/workgroup.wgsl: sums in SPLITS along the axis, left in workspace[SPLITS,OUTER,INNER].
const SPLIT_ROWS = (u.AXIS + SPLITS - 1u) / SPLITS;
fn first_row(part: u32) -> u32 { return part * SPLIT_ROWS; }
fn last_row(part: u32) -> u32 { return min(u.AXIS, (part + 1u) * SPLIT_ROWS); }
fn keep(part: u32, i: u32, sum: f32) { workspace[part * (u.OUTER * u.INNER) + i] = sum; }
