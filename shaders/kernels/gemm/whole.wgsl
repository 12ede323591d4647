// For gemm/workgroup-tiles.wgsl: whole sums, stored with their bias and activation.
fn first_k(part: u32) -> u32 { return 0u; }
fn last_k(part: u32) -> u32 { return GK; }
fn start_of(n: u32) -> sum_t { return bias_of(n); }
fn keep(part: u32, m: u32, n: u32, sum: sum_t) { store_c(m, n, sum); }
