// Sum over PARTS of workspace[PARTS,size] at i; PARTS divides by 4.
fn sum_of_parts(i: u32, size: u32) -> f32 {
  // Four sums, so that as many loads are under way.
  var sums = vec4<f32>();
  for (var part = 0u; part < PARTS; part += 4u) {
#unroll j < 4
    sums[$j] += workspace[(part + $j) * size + i];
#end
  }
  return (sums.x + sums.y) + (sums.z + sums.w);
}
