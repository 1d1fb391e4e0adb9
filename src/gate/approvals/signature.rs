//! SSH signatures (OpenSSH's PROTOCOL.sshsig): who signed these bytes.
//!
//! In: the bytes of a statement, those of its signature, the keys that may sign, and the namespace. Out: the key, or
//! why the signature is none. Only RSA with SHA-2 counts; a signature of a later version is refused.

use ssh_key::{HashAlg, PublicKey, SshSig};

use super::signers::Signers;
use crate::diag::visible;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// Columns of a line of the armour, as ssh-keygen writes it.
const COLUMNS: usize = 70;

/// The key that signed.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn signer<'s>(
    message: &[u8],
    signature: &[u8],
    signers: &'s Signers,
    namespace: &str,
) -> Result<&'s PublicKey, String> {
    let pem = wrapped(signature).ok_or("its signature is no SSH signature")?;
    let signature = SshSig::from_pem(&pem).map_err(|_| "its signature is no SSH signature".to_owned())?;
    if signature.version() != SshSig::VERSION {
        return Err(format!("its signature is of version {}", signature.version()));
    }
    if signature.namespace() != namespace {
        return Err(format!("it is signed for '{}', not for '{namespace}'", visible(signature.namespace(), 80)));
    }
    let Some(key) = signers.key(signature.public_key()) else {
        let print = signature.public_key().fingerprint(HashAlg::Sha256);
        return Err(format!("it is signed with the key {print}, which allowed_signers does not hold"));
    };
    key.verify(namespace, message, &signature).map_err(|_| "its signature is not for these bytes".to_owned())?;
    Ok(key)
}

/// The armour as the parser wants it: signers break its lines at different columns.
fn wrapped(armour: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(armour).ok()?;
    let body: String = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?.split_ascii_whitespace().collect();
    if !body.is_ascii() {
        return None;
    }
    let mut out = format!("{BEGIN}\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at_checked(COLUMNS).unwrap_or((rest, ""));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out.push_str(END);
    out.push('\n');
    Some(out)
}

/// How a key is named.
pub(super) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}
