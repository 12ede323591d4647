// One-dimensional transforms of Winograd's convolution of tiles: K taps and 9-K outputs make polynomials, evaluated at eight points,
// 0, 1, -1, 2, -2, 1/2, -1/2 and infinity (Lavin and Gray 2016, arXiv 1509.09308). In two dimensions 64 products of points are a
// convolution of (9-K)^2 outputs by K^2 taps, which takes (9-K)^2*K^2 of its own: 6.3 times as many for 5x5, 5.1 for 3x3.
alias Points = array<f32, 8>;
