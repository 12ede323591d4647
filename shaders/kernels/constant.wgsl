// y[SIZE] = VALUE0, VALUE1, …: f32s given by their bits. One invocation.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main() {
#unroll i < u.SIZE
  y[$i] = bitcast<f32>(u.VALUE$i);
#end
}
