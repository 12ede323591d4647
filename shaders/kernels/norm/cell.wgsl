// Shared by norm/*.wgsl. A cell is one group of channels of one example: P rows of GB blocks of WIDTH channels each.
const CB = u.C / WIDTH;
const GB = CB / u.G;
const BLOCKS = u.P * GB;
const CELLS = u.N * u.G;
const ELEMENTS = f32(BLOCKS * WIDTH);

fn cell_start(cell: u32) -> u32 { return cell / u.G * (u.P * CB) + cell % u.G * GB; }
// Where block i of a cell lies, after the cell's start; and its channels.
#if u.G == 1
fn block_at(i: u32) -> u32 { return i; }
#else
fn block_at(i: u32) -> u32 { return i / GB * CB + i % GB; }
#end
fn channels_at(cell: u32, i: u32) -> u32 { return cell % u.G * GB + i % GB; }

#if x.width == 4
fn total(v: vec4<f32>) -> f32 { return dot(v, vec4<f32>(1.0)); }
fn first(v: vec4<f32>) -> f32 { return v.x; }
#else
fn total(v: f32) -> f32 { return v; }
fn first(v: f32) -> f32 { return v; }
#end
