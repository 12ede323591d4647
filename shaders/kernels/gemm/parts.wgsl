// For gemm/workgroup-tiles.wgsl: sums in PARTS, each over a run of whole slices of k, left in workspace[PARTS,GM,GN].
const SLICES = (GK + TILE_K - 1u) / TILE_K;
const PART_K = (SLICES + PARTS - 1u) / PARTS * TILE_K;
fn first_k(part: u32) -> u32 { return part * PART_K; }
fn last_k(part: u32) -> u32 { return min(GK, (part + 1u) * PART_K); }
fn start_of(n: u32) -> sum_t { return sum_t(); }
fn keep(part: u32, m: u32, n: u32, sum: sum_t) { workspace[((part * GM + m) * GN + n) / WIDTH] = sum; }
