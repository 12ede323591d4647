// For reduce/workgroup.wgsl: sums in PARTS along the axis, left in workspace[PARTS,OUTER,INNER].
const PART_ROWS = (u.AXIS + PARTS - 1u) / PARTS;
fn first_row(part: u32) -> u32 { return part * PART_ROWS; }
fn last_row(part: u32) -> u32 { return min(u.AXIS, (part + 1u) * PART_ROWS); }
fn keep(part: u32, i: u32, sum: f32) { workspace[part * (u.OUTER * u.INNER) + i] = sum; }
