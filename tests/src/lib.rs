//! Tests that run files, on the whole house.
