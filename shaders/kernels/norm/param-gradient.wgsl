// What norm/param-gradient-*.wgsl share: the normalised value of block `cb` of a row.
const CB = u.C / WIDTH;
const ROWS = u.N * u.P;
const CHUNK_ROWS = (ROWS + u.CHUNKS - 1u) / u.CHUNKS;
const GC = u.C / u.G;

fn deviation(at: u32) -> f32 {
#if u.VARIANCE == 1
  return 1.0 / sqrt(rstd[at] + bitcast<f32>(u.EPSILON));
#else
  return rstd[at];
#end
}
#if u.RMS == 1
fn center(at: u32) -> f32 { return 0.0; }
#else
fn center(at: u32) -> f32 { return mean_at(at); }
#end

#if x.width == 4
#if u.C / u.G % 4 == 0
fn centers(n: u32, cb: u32) -> vec4<f32> { return vec4<f32>(center(n * u.G + cb * 4u / GC)); }
fn deviations(n: u32, cb: u32) -> vec4<f32> { return vec4<f32>(deviation(n * u.G + cb * 4u / GC)); }
#else
fn cell(n: u32, c: u32) -> u32 { return n * u.G + c / GC; }
fn centers(n: u32, cb: u32) -> vec4<f32> { return vec4<f32>(center(cell(n, cb * 4u)), center(cell(n, cb * 4u + 1u)), center(cell(n, cb * 4u + 2u)), center(cell(n, cb * 4u + 3u))); }
fn deviations(n: u32, cb: u32) -> vec4<f32> { return vec4<f32>(deviation(cell(n, cb * 4u)), deviation(cell(n, cb * 4u + 1u)), deviation(cell(n, cb * 4u + 2u)), deviation(cell(n, cb * 4u + 3u))); }
#end
#else
fn centers(n: u32, cb: u32) -> f32 { return center(n * u.G + cb / GC); }
fn deviations(n: u32, cb: u32) -> f32 { return deviation(n * u.G + cb / GC); }
#end

fn store(at: u32, products: x_t, sum: x_t) {
  dscale[at] = products;
#if u.SHIFT == 1
  dshift[at] = sum;
#end
}
