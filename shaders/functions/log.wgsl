// ln(x)
fn f_log(x: value) -> value { return log(x); }
