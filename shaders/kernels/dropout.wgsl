// y[SIZE] = number of the element < THRESHOLD ? 0 : x[SIZE] * SCALE. One invocation per four elements, whose numbers are Philox 4x32-10
// of key (seed, work) and counter (element / 4, step, STREAM, 0). random = seed, work, step.

// Upper 32 bits of each product, by halves.
fn high_product(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let half = vec2<u32>(0xffffu);
  let bits = vec2<u32>(16u);
  let low = (a & half) * (b & half);
  let left = (a & half) * (b >> bits);
  let right = (a >> bits) * (b & half);
  let carry = ((low >> bits) + (left & half) + (right & half)) >> bits;
  return (a >> bits) * (b >> bits) + (left >> bits) + (right >> bits) + carry;
}

fn philox(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
  let factors = vec2<u32>(0xcd9e8d57u, 0xd2511f53u);
  var words = counter;
  var round_key = key;
  for (var i = 0u; i < 10u; i++) {
    let high = high_product(factors, words.zx) ^ words.yw ^ round_key;
    let low = factors * words.zx;
    words = vec4<u32>(high.x, low.x, high.y, low.y);
    round_key += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return words;
}

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= (u.SIZE + 3u) / 4u) { return; }
  let words = philox(vec4<u32>(i, random[2], u.STREAM, 0u), vec2<u32>(random[0], random[1]));
  let factors = select(vec4<f32>(bitcast<f32>(u.SCALE)), vec4<f32>(), words < vec4<u32>(u.THRESHOLD));
#if WIDTH == 4
  y[i] = x[i] * factors;
#else
#unroll k < 4
  if (4u * i + $k < u.SIZE) { y[4u * i + $k] = x[4u * i + $k] * factors[$k]; }
#end
#end
}
