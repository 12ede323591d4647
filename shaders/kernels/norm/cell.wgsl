// Shared by norm/*.wgsl. A cell is what one sum is taken over: one group of channels of one example, P rows of GB blocks of WIDTH
// channels each. Groups of one or two channels come by fours and twos: a vec4 of channels is then several cells, whose sums stay
// apart in its components.
const CB = u.C / WIDTH;
const GC = u.C / u.G;
#if x.width == 4
#if u.C / u.G < 4
const GROUPS = 4u / GC;
const GB = 1u;
#else
const GROUPS = 1u;
const GB = GC / 4u;
#end
#else
const GROUPS = 1u;
const GB = GC;
#end
const BLOCKS = u.P * GB;
const PARTS = u.G / GROUPS;
const CELLS = u.N * PARTS;
const ELEMENTS = f32(u.P * GC);

fn cell_start(cell: u32) -> u32 { return cell / PARTS * (u.P * CB) + cell % PARTS * GB; }
// Where block i of a cell lies, after the cell's start; and its channels.
#if u.G == 1
fn block_at(i: u32) -> u32 { return i; }
#else
fn block_at(i: u32) -> u32 { return i / GB * CB + i % GB; }
#end
fn channels_at(cell: u32, i: u32) -> u32 { return cell % PARTS * GB + i % GB; }

// The sum over each component's group, in each of its components.
#if x.width == 4
#if u.C / u.G == 1
fn total(v: vec4<f32>) -> vec4<f32> { return v; }
#else
#if u.C / u.G == 2
fn total(v: vec4<f32>) -> vec4<f32> { return v + v.yxwz; }
#else
fn total(v: vec4<f32>) -> vec4<f32> { return vec4<f32>(dot(v, vec4<f32>(1.0))); }
#end
#end
#else
fn total(v: f32) -> f32 { return v; }
#end
