//! The traits that integrators implement, their contract suites, and the implementations that ship.
