// The gradient of four elements, scaled and regularised; hyper as in problem.wgsl.
fn gradient(i: u32) -> vec4<f32> {
  let at = u.GROUP * 12u;
  var g = hyper[at + 8u] * grads[i];
#if u.REGULARISED == 1
  let p = params_at(i);
  g += hyper[at + 9u] * sign(p) + hyper[at + 10u] * p;
#end
  return g;
}
