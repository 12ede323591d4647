// Sum over PARTS of workspace[PARTS,size] at i; PARTS divides by 4.
fn sum_of_parts(i: u32, size: u32) -> workspace_t {
  // Four sums, so that as many loads are under way.
#unroll j < 4
  var sum$j = workspace_t();
#end
  for (var part = 0u; part < PARTS; part += 4u) {
#unroll j < 4
    sum$j += workspace[(part + $j) * size + i];
#end
  }
  return (sum0 + sum1) + (sum2 + sum3);
}
