// dx[R,C] = scale * rstd * (dy - dshift / R - (x - mean) * rstd * dscale / R); without the means where statistics are constant (VARIANCE = 1).
// WIDTH elements per invocation (1 or a vec4).
const CB = u.C / WIDTH;

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.R * CB) { return; }
  let c = i % CB;
  let factor = deviation(c);
  var gradient = dy[i];
#if u.VARIANCE == 0
  gradient -= (dshift_at(c) + (x_at(i) - mean_at(c)) * (factor * dscale_at(c))) * (1.0 / f32(u.R));
#end
#if u.SCALE == 1
  gradient *= scale_at(c);
#end
  dx[i] = gradient * factor;
}
