// Where rows of qkv[B,T,3,H,D], y[B,T,H,D] and lse[B,H,T] begin; rows are HEAD elements of WIDTH.
const HEAD = u.D / WIDTH;
const SCALE = 1.0 / sqrt(f32(u.D));
const LOWEST = -3.0e38;
// From a query to the key and the value of its position, and from one position to the next.
const KEY = u.H * HEAD;
const VALUE = 2u * KEY;
const NEXT = 3u * KEY;

// `bh` counts batch and head: b * H + h.
fn query_start(bh: u32, t: u32) -> u32 { return (bh / u.H * u.T + t) * NEXT + bh % u.H * HEAD; }
fn out_start(bh: u32, t: u32) -> u32 { return (bh / u.H * u.T + t) * KEY + bh % u.H * HEAD; }
fn row_start(bh: u32, t: u32) -> u32 { return bh * u.T + t; }

#if WIDTH == 4
fn inner(a: vec4<f32>, b: vec4<f32>) -> f32 { return dot(a, b); }
#else
fn inner(a: f32, b: f32) -> f32 { return a * b; }
#end
