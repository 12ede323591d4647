// What norm/forward-*.wgsl share: statistics from sums, and the formula.
// The sums are taken of differences from the cell's first elements: a large mean would swallow a small variance.
struct Statistics { mean: x_t, rstd: x_t }

#if u.RMS == 1
fn origin_of(start: u32) -> x_t { return x_t(); }
#else
#if x.width == 4
#if u.C / u.G == 1
fn origin_of(start: u32) -> x_t { return x[start]; }
#else
#if u.C / u.G == 2
fn origin_of(start: u32) -> x_t { return x[start].xxzz; }
#else
fn origin_of(start: u32) -> x_t { return x[start].xxxx; }
#end
#end
#else
fn origin_of(start: u32) -> x_t { return x[start]; }
#end
#end

// From the sums of differences and of their squares.
fn statistics(origin: x_t, sums: x_t, squares: x_t) -> Statistics {
  let first = total(sums) / ELEMENTS;
  let second = total(squares) / ELEMENTS;
  let epsilon = bitcast<f32>(u.EPSILON);
#if u.RMS == 1
  return Statistics(x_t(), 1.0 / sqrt(second + epsilon));
#else
  return Statistics(origin + first, 1.0 / sqrt(max(second - first * first, x_t()) + epsilon));
#end
}

// A normalised value is x * factor + offset.
struct Line { factor: x_t, offset: x_t }

fn line_of(found: Statistics, channels: u32) -> Line {
#if u.SCALE == 1
  let factor = found.rstd * scale_at(channels);
#else
  let factor = found.rstd;
#end
#if u.SHIFT == 1
  return Line(factor, shift_at(channels) - found.mean * factor);
#else
  return Line(factor, -found.mean * factor);
#end
}

fn keep_at(at: u32, center: f32, deviation: f32) {
#if u.RMS == 0
  mean[at] = center;
#end
  rstd[at] = deviation;
}

fn keep(cell: u32, found: Statistics) {
#if x.width == 4
  keep_at(cell * GROUPS, found.mean.x, found.rstd.x);
#if u.C / u.G == 2
  keep_at(cell * 2u + 1u, found.mean.z, found.rstd.z);
#end
#if u.C / u.G == 1
#unroll j < 4
  keep_at(cell * 4u + $j, found.mean[$j], found.rstd[$j]);
#end
#end
#else
  keep_at(cell, found.mean, found.rstd);
#end
}
