//! What the service's own client for other services leaves in results and causes.
//!
//! Source: the service, recorded.

use gradus_core::json::{Array, Object, Value, java_map_order};
use gradus_core::machine::Failure;

/// `SdkHttpMetadata` and `SdkResponseMetadata` of an answer, for its result.
///
/// `AllHttpHeaders` has the order of a Java `HashMap` of the names as they were sent; `HttpHeaders`
/// is alphabetical without regard to case.
pub(super) fn metadata(status: u16, headers: &[(String, String)], request_id: &str) -> (Value, Value) {
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let mut all = Object::with_capacity(headers.len());
    for (name, _) in java_map_order(&names).into_iter().filter_map(|index| headers.get(index)) {
        let mut values = Array::new();
        let same = headers.iter().filter(|(other, _)| other == name);
        same.for_each(|(_, value)| values.push(Value::from(value.as_str())));
        all.insert(name.as_str(), values);
    }
    let mut sorted: Vec<&(String, String)> = headers.iter().collect();
    sorted.sort_by_key(|(name, _)| name.to_ascii_lowercase());
    let mut flat = Object::with_capacity(headers.len());
    for (name, value) in sorted {
        flat.insert(name.as_str(), Value::from(value.as_str()));
    }
    let mut http = Object::with_capacity(3);
    http.insert("AllHttpHeaders", all);
    http.insert("HttpHeaders", flat);
    http.insert("HttpStatusCode", Value::from(i64::from(status)));
    let mut response = Object::with_capacity(1);
    response.insert("RequestId", Value::from(request_id));
    (http.into(), response.into())
}

/// An error that a service answered.
pub(super) struct Refusal<'a> {
    /// What error names begin with: `Lambda`.
    pub(super) prefix: &'a str,
    /// The service as causes name it: `AWSLambda`.
    pub(super) service: &'a str,
    /// The name of the error, after the prefix and a dot.
    pub(super) name: &'a str,
    /// The code as the service sent it.
    pub(super) code: &'a str,
    /// The service's message.
    pub(super) message: &'a str,
    /// The HTTP status.
    pub(super) status: u16,
    /// The id of the request.
    pub(super) request_id: &'a str,
}

impl Refusal<'_> {
    /// The failure of the task.
    pub(super) fn failure(&self) -> Failure {
        let Refusal { prefix, service, name, code, message, status, request_id } = self;
        let cause = format!(
            "{message} (Service: {service}; Status Code: {status}; Error Code: {code}; Request ID: {request_id}; Proxy: null)"
        );
        Failure::new(format!("{prefix}.{name}"), cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_in_two_orders() {
        let headers = [
            ("Date", "today"),
            ("Content-Type", "application/json"),
            ("Content-Length", "13"),
            ("Connection", "keep-alive"),
            ("x-amzn-RequestId", "r"),
            ("X-Amz-Executed-Version", "$LATEST"),
            ("x-amzn-Remapped-Content-Length", "0"),
            ("X-Amzn-Trace-Id", "t"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (http, response) = metadata(200, &headers, "r");
        // The order of a recorded answer.
        let expected = r#"{"AllHttpHeaders":{"X-Amz-Executed-Version":["$LATEST"],"x-amzn-Remapped-Content-Length":["0"],"Connection":["keep-alive"],"x-amzn-RequestId":["r"],"Content-Length":["13"],"Date":["today"],"X-Amzn-Trace-Id":["t"],"Content-Type":["application/json"]},"HttpHeaders":{"Connection":"keep-alive","Content-Length":"13","Content-Type":"application/json","Date":"today","X-Amz-Executed-Version":"$LATEST","x-amzn-Remapped-Content-Length":"0","x-amzn-RequestId":"r","X-Amzn-Trace-Id":"t"},"HttpStatusCode":200}"#;
        assert_eq!(http.to_string(), expected);
        assert_eq!(response.to_string(), r#"{"RequestId":"r"}"#);
    }

    #[test]
    fn a_refusal_in_words() {
        let refusal = Refusal {
            prefix: "Lambda",
            service: "AWSLambda",
            name: "ResourceNotFoundException",
            code: "ResourceNotFoundException",
            message: "Function not found: f",
            status: 404,
            request_id: "r",
        };
        let cause = "Function not found: f (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: r; Proxy: null)";
        assert_eq!(refusal.failure(), Failure::new("Lambda.ResourceNotFoundException", cause));
    }
}
