fn store(i: u32, sum: f32) {
#if u.MEAN == 1
  y[i] = sum * (1.0 / f32(u.AXIS));
#else
  y[i] = sum;
#end
}
