// y0[SIZE], … = a program of pointwise functions over x0, x1, …; `compute(i)` is generated from the program and does the
// i-th WIDTH elements (1 or a vec4).
#if WIDTH == 4
alias value = vec4<f32>;
#else
alias value = f32;
#end

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i < u.SIZE / WIDTH) { compute(i); }
}
