//! What every JavaScript engine behind the seam does.

sinew_bridge::host_conformance!(sinew_js_boa::Boa);
