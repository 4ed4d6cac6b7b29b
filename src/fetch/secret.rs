//! Addresses that carry a user name or password: the secret does not belong in a record.

/// The address with `***` in place of user name and password; unchanged if it carries none.
pub fn without_secret(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("//") else { return address.to_owned() };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}//***{}", &rest[at..]),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_and_passwords_are_left_out() {
        assert_eq!(without_secret("http://u:p@h.example/x@y"), "http://***@h.example/x@y");
        assert_eq!(without_secret("//u@h.example"), "//***@h.example");
        for plain in ["https://h.example/@name/1", "a/b@c.jpg", "mailto:a@b"] {
            assert_eq!(without_secret(plain), plain);
        }
    }
}
