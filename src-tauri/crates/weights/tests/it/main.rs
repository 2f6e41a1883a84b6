//! The file that is made, beside the numbers that it is made of.

mod precision;
