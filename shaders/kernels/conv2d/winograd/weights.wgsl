// points[64, C, F]: kernels of COUNT by COUNT taps as points (lines.wgsl). FROM and TO are the steps in w from one channel read
// and one channel written to the next; FIRST_TAP and TAP_STEP let taps be read backwards, as an input gradient does.
@compute @workgroup_size(WG_X, WG_Y, WG_Z)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let size = u.SIZE;
  let i = id.y * u.ROW_INVOCATIONS + id.x;
  if (i >= size) { return; }
  let at = i / u.FILTERS * u.FROM + i % u.FILTERS * u.TO;
  var rows: array<Points, ${u.COUNT}>;
  for (var kh = 0u; kh < ${u.COUNT}u; kh++) {
    rows[kh] = scaled(evaluate(Coefficients(
#unroll kw < u.COUNT
      w[at + (u.FIRST_TAP + (kh * ${u.COUNT}u + ${$kw}u) * u.TAP_STEP) * size],
#end
    )));
  }
  for (var column = 0u; column < 8u; column++) {
    let transformed = scaled(evaluate(Coefficients(
#unroll kh < u.COUNT
      rows[$kh][column],
#end
    )));
#unroll row < 8
    points[(${$row * 8}u + column) * size + i] = transformed[$row];
#end
  }
}
