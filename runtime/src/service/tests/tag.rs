use super::*;

#[tokio::test]
async fn tags() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let activity = text(&bench.ok("CreateActivity", json!({"name": "a"})).await["activityArn"]);
    for arn in [machine, activity] {
        let add = |tags: Value| ("TagResource", json!({"resourceArn": arn, "tags": tags}), Ok(json!({})));
        let remove =
            |keys: Value| ("UntagResource", json!({"resourceArn": arn, "tagKeys": keys}), Ok(json!({})));
        let list =
            |tags: Value| ("ListTagsForResource", json!({"resourceArn": arn}), Ok(json!({"tags": tags})));
        let tag = |key: &str, value: &str| json!({"key": key, "value": value});
        bench
            .check(vec![
                list(json!([])),
                add(json!([])),
                remove(json!(["k"])),
                list(json!([])),
                add(json!([tag("b", "1"), tag("a", "2"), tag("b", "3")])),
                list(json!([tag("b", "3"), tag("a", "2")])),
                add(json!([tag("é _.:/=+-@9", ""), tag("b", "4")])),
                list(json!([tag("b", "4"), tag("a", "2"), tag("é _.:/=+-@9", "")])),
                add(json!([{"key": "c"}])),
                remove(json!(["b", "b", "x"])),
                list(json!([tag("a", "2"), tag("é _.:/=+-@9", ""), tag("c", "")])),
                remove(json!([])),
                remove(json!(["a", "c", "é _.:/=+-@9"])),
                list(json!([])),
            ])
            .await;
    }
    bench.stop().await;
}

#[tokio::test]
async fn at_most_fifty() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let tags = |range: std::ops::Range<u32>| -> Value {
        range.map(|n| json!({"key": n.to_string(), "value": "v"})).collect()
    };
    let add = |tags: Value| json!({"resourceArn": machine, "tags": tags});
    let too_many = error("TooManyTags", format!("A resource can have at most 50 tags: '{machine}'"));
    bench
        .check(vec![
            ("TagResource", add(tags(0..51)), too_many.clone()),
            ("TagResource", add(tags(0..50)), Ok(json!({}))),
            ("TagResource", add(tags(10..20)), Ok(json!({}))),
            ("TagResource", add(tags(50..51)), too_many),
        ])
        .await;
    let fault = bench.call("TagResource", add(tags(50..51))).await.unwrap_err();
    assert_eq!(fault.members.get("resourceName"), Some(&json!(machine)));
    bench.stop().await;
}

#[tokio::test]
async fn refusals() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let tag = |key: &str, value: &str| json!([{"key": key, "value": value}]);
    for (tags, expected) in [
        (tag("aws:k", "v"), "The tag key 'aws:k' is reserved: it begins with aws:"),
        (json!([{"value": "v"}]), "A tag must have a key"),
        (
            tag("k", "a!"),
            "The tag 'k' holds a character that is no letter, digit or white space, and none of _ . : / = + - @",
        ),
        (
            tag("k#", ""),
            "The tag 'k#' holds a character that is no letter, digit or white space, and none of _ . : / = + - @",
        ),
    ] {
        let input = json!({"resourceArn": machine, "tags": tags});
        assert_eq!(bench.answer("TagResource", input).await, invalid(expected), "{tags}");
    }
    let not_found = |arn: &str| error("ResourceNotFound", format!("Resource not found: '{arn}'"));
    let prefix = |arn: &str| error("InvalidArn", format!("Invalid Arn: 'Invalid ARN prefix: {arn}'"));
    let kind = |kind: &str| {
        error("InvalidArn", format!("Invalid Arn: 'Resource type not valid in this context: {kind}'"))
    };
    let other_region = machine.replace("east", "west");
    for (arn, expected) in [
        (format!("{machine}:1"), not_found(&format!("{machine}:1"))),
        (format!("{machine}/l"), not_found(&format!("{machine}/l"))),
        (format!("{machine}x"), not_found(&format!("{machine}x"))),
        (format!("{HERE}:activity:m"), not_found(&format!("{HERE}:activity:m"))),
        (other_region.clone(), not_found(&other_region)),
        ("x".to_owned(), prefix("x")),
        (format!("{HERE}:execution:m:e"), kind("execution")),
        (format!("{HERE}:mapRun:m/l:r"), kind("mapRun")),
    ] {
        bench
            .check(vec![
                ("TagResource", json!({"resourceArn": arn, "tags": []}), expected.clone()),
                ("TagResource", json!({"resourceArn": arn, "tags": tag("aws:k", "v")}), expected.clone()),
                ("UntagResource", json!({"resourceArn": arn, "tagKeys": []}), expected.clone()),
                ("ListTagsForResource", json!({"resourceArn": arn}), expected),
            ])
            .await;
    }
    bench.stop().await;
}
