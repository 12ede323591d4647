// What norm/input-gradient-*.wgsl share.
// The statistics of each component's group.
#if x.width == 4
#if u.C / u.G == 1
fn rstd_of(cell: u32) -> x_t { return x_t(rstd[cell * 4u], rstd[cell * 4u + 1u], rstd[cell * 4u + 2u], rstd[cell * 4u + 3u]); }
#else
#if u.C / u.G == 2
fn rstd_of(cell: u32) -> x_t { return vec2<f32>(rstd[cell * 2u], rstd[cell * 2u + 1u]).xxyy; }
#else
fn rstd_of(cell: u32) -> x_t { return x_t(rstd[cell]); }
#end
#end
#else
fn rstd_of(cell: u32) -> x_t { return rstd[cell]; }
#end
#if u.RMS == 1
fn mean_of(cell: u32) -> x_t { return x_t(); }
#else
#if x.width == 4
#if u.C / u.G == 1
fn mean_of(cell: u32) -> x_t { return x_t(mean_at(cell * 4u), mean_at(cell * 4u + 1u), mean_at(cell * 4u + 2u), mean_at(cell * 4u + 3u)); }
#else
#if u.C / u.G == 2
fn mean_of(cell: u32) -> x_t { return vec2<f32>(mean_at(cell * 2u), mean_at(cell * 2u + 1u)).xxyy; }
#else
fn mean_of(cell: u32) -> x_t { return x_t(mean_at(cell)); }
#end
#end
#else
fn mean_of(cell: u32) -> x_t { return mean_at(cell); }
#end
#end

#if u.SCALE == 1
fn scale_of(channels: u32) -> x_t { return scale_at(channels); }
#else
fn scale_of(channels: u32) -> x_t { return x_t(1.0); }
#end

#if u.RMS == 1
fn mean_or_zero(value: x_t) -> x_t { return x_t(); }
#else
fn mean_or_zero(value: x_t) -> x_t { return value; }
#end
