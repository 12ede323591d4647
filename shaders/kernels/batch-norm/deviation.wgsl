// 1 / deviation of a block of channels; rstd holds the variance where VARIANCE = 1.
#if u.VARIANCE == 1
fn deviation(c: u32) -> rstd_t { return 1.0 / sqrt(rstd[c] + bitcast<f32>(u.EPSILON)); }
#else
fn deviation(c: u32) -> rstd_t { return rstd[c]; }
#end
