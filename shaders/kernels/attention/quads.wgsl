// For adapters that run four invocations as one SIMD unit (SwiftShader): four neighbouring positions are loaded by one invocation
// each and exchanged by quad swaps, which spares three of four loads. Invocation l then holds positions start + l, l ^ 1, l ^ 2, l ^ 3.
fn exchange(own: vec4<f32>) -> mat4x4<f32> { return mat4x4<f32>(own, quadSwapX(own), quadSwapY(own), quadSwapDiagonal(own)); }
fn exchange_one(own: f32) -> vec4<f32> { return vec4<f32>(own, quadSwapX(own), quadSwapY(own), quadSwapDiagonal(own)); }
fn exchanged_positions(start: u32, lane: u32) -> vec4<u32> { return vec4<u32>(start) + (vec4<u32>(lane) ^ vec4<u32>(0u, 1u, 2u, 3u)); }
