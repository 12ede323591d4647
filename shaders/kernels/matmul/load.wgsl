// A[M,K] and B[K,N] wherever they are stored transposed (TA, TB), element by element.
#if u.TA == 1
fn load_a(m: u32, k: u32) -> f32 { return a[k * u.M + m]; }
#else
fn load_a(m: u32, k: u32) -> f32 { return a[m * u.K + k]; }
#end
#if u.TB == 1
fn load_b(k: u32, n: u32) -> f32 { return b[n * u.K + k]; }
#else
fn load_b(k: u32, n: u32) -> f32 { return b[k * u.N + n]; }
#end
