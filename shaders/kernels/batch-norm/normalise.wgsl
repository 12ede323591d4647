// y[R,C] = (x[R,C] - mean[C]) * rstd[C] * scale[C] + shift[C]; WIDTH elements per invocation (1 or a vec4).
const CB = u.C / WIDTH;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.R * CB) { return; }
  let c = i % CB;
  var value = (x[i] - mean[c]) * deviation(c);
#if u.SCALE == 1
  value = value * scale_at(c) + shift_at(c);
#end
  y[i] = value;
}
