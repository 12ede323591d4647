// One pass over params[SIZE]: params[i] = step(i, p, g) with g the gradient, scaled, regularised and clipped.
// hyper holds HYPER_LENGTH values per group, in the order of the constants; an element i is a vec4 where WIDTH = 4.
const LEARNING_RATE = 0u;
const WEIGHT_DECAY = 1u;
const BETA1 = 2u;
const BETA2 = 3u;
const EPSILON = 4u;
const CORRECTION1 = 5u;
const CORRECTION2 = 6u;
const INITIAL = 7u;
const GRAD_SCALE = 8u;
const L1 = 9u;
const L2 = 10u;
const LIMIT = 11u;
const HYPER_LENGTH = 12u;

fn h(index: u32) -> f32 { return hyper[u.GROUP * HYPER_LENGTH + index]; }

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.SIZE / WIDTH) { return; }
#if u.GATED == 1
  // A step whose gradients were not finite.
  if (gate_at(3u) == 0.0) { return; }
#end
  let p = params[i];
  var g = h(GRAD_SCALE) * grads[i];
#if u.REGULARISED == 1
  g += h(L1) * sign(p) + h(L2) * p;
#end
#if u.CLIP == 1
  g = clamp(g, params_t(-h(LIMIT)), params_t(h(LIMIT)));
#end
#if u.CLIP > 1
#if u.CLIP == 2
  let scale = scales_at(0u);
#else
  let scale = scales_at(u.FIRST + i / (64u / WIDTH));
#end
  if (scale < 0.0) { return; }
  g *= scale;
#end
  params[i] = step(i, p, g);
}
