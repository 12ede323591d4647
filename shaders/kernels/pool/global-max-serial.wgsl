// y[N,C] = max over P of x[N,P,C]; place[N,C] = the first P that has it. One invocation per example and WIDTH channels (1 or a vec4).
const CB = u.C / WIDTH;
#if x.width == 4
alias Places = vec4<u32>;
#else
alias Places = u32;
#end

@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= u.N * CB) { return; }
  var at = i / CB * (u.P * CB) + i % CB;
  var best = x[at];
  var found = Places();
  for (var p = 1u; p < u.P; p++) {
    at += CB;
    let value = x[at];
    found = select(found, Places(p), value > best);
    best = max(best, value);
  }
  y[i] = best;
#if x.width == 4
#unroll j < 4
  place[i * 4u + $j] = found[$j];
#end
#else
  place[i] = found;
#end
}
