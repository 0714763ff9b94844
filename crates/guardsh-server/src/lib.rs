//! The approval service: store, states, tokens and the HTTP API of protocol v1.
#![forbid(unsafe_code)]
