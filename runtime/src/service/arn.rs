//! ARNs: how they are read and printed, and what is said about those that are none.
//!
//! Region and account belong to every ARN; whether they are the caller's is a question of existence, not
//! of form ([`Place`]). Nothing is looked up here.

use gradus_api::errors::InvalidArn;
use gradus_api::http::RequestContext;

/// An ARN, cut up. Its parts are slices of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arn<'a> {
    /// Where the resource lives.
    pub(super) place: Place<'a>,
    /// What it is.
    pub(super) resource: Resource<'a>,
}

/// What an ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource<'a> {
    /// `stateMachine:NAME`, `stateMachine:NAME:QUALIFIER`, `stateMachine:NAME/LABEL`.
    StateMachine(StateMachine<'a>),
    /// `execution:MACHINE[/LABEL]:NAME`.
    Execution,
    /// `express:MACHINE[/LABEL]:NAME:RUN`.
    Express,
    /// `mapRun:MACHINE/LABEL:RUN`.
    MapRun,
    /// `activity:NAME`.
    Activity,
}

/// A state machine as an ARN names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StateMachine<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// The Map state whose processor is meant.
    pub(crate) label: Option<&'a str>,
    /// A version's number or an alias.
    pub(crate) qualifier: Option<&'a str>,
}

/// Partition, region and account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    partition: &'a str,
    region: &'a str,
    account: &'a str,
}

/// Reads an ARN of any of the service's resources.
pub(super) fn parse(text: &str) -> Result<Arn<'_>, InvalidArn> {
    let no_arn = || invalid(format_args!("Invalid ARN prefix: {text}"));
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next();
    let (Some("arn"), Some(partition), Some("states"), Some(region), Some(account), Some(rest)) =
        (next(), next(), next(), next(), next(), next())
    else {
        return Err(no_arn());
    };
    let (kind, rest) = rest.split_once(':').ok_or_else(no_arn)?;
    let resource = resource(kind, rest).ok_or_else(no_arn)?;
    Ok(Arn {
        place: Place { partition, region, account },
        resource: resource.map_err(|()| out_of_place(kind))?,
    })
}

/// Reads the ARN of a state machine, a version, an alias or a labelled Map state.
pub(crate) fn state_machine(text: &str) -> Result<(Place<'_>, StateMachine<'_>), InvalidArn> {
    let arn = parse(text)?;
    match arn.resource {
        Resource::StateMachine(machine) => Ok((arn.place, machine)),
        other => Err(out_of_place(other.kind())),
    }
}

/// Reads the ARN of an execution of a Standard state machine.
pub(super) fn execution(text: &str) -> Result<Place<'_>, InvalidArn> {
    expect(text, Resource::Execution)
}

/// Reads the ARN of an activity.
pub(super) fn activity(text: &str) -> Result<Place<'_>, InvalidArn> {
    expect(text, Resource::Activity)
}

/// Reads the ARN of a Map Run.
pub(super) fn map_run(text: &str) -> Result<Place<'_>, InvalidArn> {
    expect(text, Resource::MapRun)
}

/// Checks that a text has the form of an ARN, of whatever service.
///
/// gradus assumes no roles, so there is nothing else to check about one.
pub(super) fn check_role(text: &str) -> Result<(), InvalidArn> {
    let is_arn = text.starts_with("arn:") && text.splitn(6, ':').count() == 6 && !text.ends_with(':');
    if is_arn { Ok(()) } else { Err(invalid(format_args!("Invalid ARN prefix: {text}"))) }
}

/// An ARN of another kind than the operation takes. Source: the service, recorded.
pub(super) fn out_of_place(kind: &str) -> InvalidArn {
    invalid(format_args!("Resource type not valid in this context: {kind}"))
}

impl Resource<'_> {
    /// The word that names the kind.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Resource::StateMachine(_) => "stateMachine",
            Resource::Execution => "execution",
            Resource::Express => "express",
            Resource::MapRun => "mapRun",
            Resource::Activity => "activity",
        }
    }
}

impl StateMachine<'_> {
    /// Whether the ARN names the state machine itself.
    pub(super) fn is_unqualified(&self) -> bool {
        self.label.is_none() && self.qualifier.is_none()
    }

    /// The number of the version that is meant; `None` without a qualifier and for an alias, whose name
    /// never consists of digits alone.
    pub(crate) fn version(&self) -> Option<u64> {
        let digits = self.qualifier?;
        let is_number = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| is_number)
    }
}

impl<'a> Place<'a> {
    /// Where the resource of an ARN lives.
    pub(super) fn in_arn(arn: &'a str) -> Option<Place<'a>> {
        parse(arn).ok().map(|arn| arn.place)
    }

    /// Where a request's own resources live.
    pub(super) fn of(context: &'a RequestContext) -> Place<'a> {
        let region = &*context.region;
        Place { partition: partition_of(region), region, account: &context.account }
    }

    /// ARN of a state machine; also what lists of state machines begin with, for an empty name.
    pub(crate) fn state_machine(self, name: &str) -> String {
        self.print(&["stateMachine:", name])
    }

    /// ARN of an execution of a Standard state machine.
    pub(crate) fn execution(self, machine: &str, name: &str) -> String {
        self.print(&["execution:", machine, ":", name])
    }

    /// ARN of an execution of an Express state machine: one of many of its name.
    pub(crate) fn express(self, machine: &str, name: &str, run: &str) -> String {
        self.print(&["express:", machine, ":", name, ":", run])
    }

    /// ARN of what stands for an execution while a state is tested. It has no run of its own (recorded).
    pub(super) fn test(self, machine: &str, name: &str) -> String {
        self.print(&["express:", machine, ":", name])
    }

    /// ARN of an activity; also what lists of activities begin with, for an empty name.
    pub(super) fn activity(self, name: &str) -> String {
        self.print(&["activity:", name])
    }

    fn print(self, resource: &[&str]) -> String {
        let length: usize = resource.iter().map(|part| part.len()).sum();
        let mut arn = String::with_capacity(length + 64);
        for part in ["arn:", self.partition, ":states:", self.region, ":", self.account, ":"] {
            arn.push_str(part);
        }
        arn.extend(resource.iter().copied());
        arn
    }
}

/// The partition of a region, as ARNs name it. Source: the service's endpoint rules.
#[must_use]
pub fn partition_of(region: &str) -> &'static str {
    const PREFIXES: &[(&str, &str)] = &[
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    let found = PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix));
    found.map_or("aws", |(_, partition)| partition)
}

fn expect<'a>(text: &'a str, kind: Resource<'_>) -> Result<Place<'a>, InvalidArn> {
    let arn = parse(text)?;
    if arn.resource == kind { Ok(arn.place) } else { Err(out_of_place(arn.resource.kind())) }
}

/// The resource of this kind; `None` if what follows the kind has not its form, `Err` for a kind that
/// the service does not have.
fn resource<'a>(kind: &str, rest: &'a str) -> Option<Result<Resource<'a>, ()>> {
    let mut parts = rest.split(':');
    let (first, second, third) = (parts.next()?, parts.next(), parts.next());
    let is_longer = parts.next().is_some();
    if is_longer || [Some(first), second, third].into_iter().flatten().any(str::is_empty) {
        return None;
    }
    let (name, label) = match first.split_once('/') {
        Some((name, label)) if name.is_empty() || label.is_empty() => return None,
        Some((name, label)) => (name, Some(label)),
        None => (first, None),
    };
    match (kind, label, second, third) {
        ("stateMachine", None, qualifier, None) => {
            Some(Ok(Resource::StateMachine(StateMachine { name, label, qualifier })))
        }
        ("stateMachine", Some(_), None, None) => {
            Some(Ok(Resource::StateMachine(StateMachine { name, label, qualifier: None })))
        }
        ("execution", _, Some(_), None) => Some(Ok(Resource::Execution)),
        ("express", _, Some(_), Some(_)) => Some(Ok(Resource::Express)),
        ("mapRun", Some(_), Some(_), None) => Some(Ok(Resource::MapRun)),
        ("activity", None, None, None) => Some(Ok(Resource::Activity)),
        ("stateMachine" | "execution" | "express" | "mapRun" | "activity", ..) => None,
        _ => Some(Err(())),
    }
}

fn invalid(what: std::fmt::Arguments<'_>) -> InvalidArn {
    InvalidArn::new(format!("Invalid Arn: '{what}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'_> = Place { partition: "aws", region: "us-east-1", account: "000000000000" };

    fn machine<'a>(name: &'a str, label: Option<&'a str>, qualifier: Option<&'a str>) -> Resource<'a> {
        Resource::StateMachine(StateMachine { name, label, qualifier })
    }

    #[test]
    fn reads_every_resource() {
        let cases = [
            ("stateMachine:m", machine("m", None, None)),
            ("stateMachine:m:1", machine("m", None, Some("1"))),
            ("stateMachine:m:PROD", machine("m", None, Some("PROD"))),
            ("stateMachine:m/label", machine("m", Some("label"), None)),
            ("stateMachine:é+=@!()'.-_", machine("é+=@!()'.-_", None, None)),
            ("execution:m:e", Resource::Execution),
            ("execution:m/l:e", Resource::Execution),
            ("express:m:e:r", Resource::Express),
            ("express:m/l:e:r", Resource::Express),
            ("mapRun:m/l:r", Resource::MapRun),
            ("activity:a", Resource::Activity),
        ];
        for (rest, resource) in cases {
            let text = format!("arn:aws:states:us-east-1:000000000000:{rest}");
            assert_eq!(parse(&text), Ok(Arn { place: HERE, resource }), "{text}");
        }
    }

    #[test]
    fn a_version_is_a_number() {
        for (qualifier, version) in [
            (None, None),
            (Some("1"), Some(1)),
            (Some("1000"), Some(1000)),
            (Some("18446744073709551615"), Some(u64::MAX)),
            (Some("18446744073709551616"), None),
            (Some("0"), None),
            (Some("01"), None),
            (Some("+1"), None),
            (Some("-1"), None),
            (Some("1a"), None),
            (Some("PROD"), None),
        ] {
            assert_eq!(
                StateMachine { name: "m", label: None, qualifier }.version(),
                version,
                "{qualifier:?}"
            );
        }
    }

    #[test]
    fn refuses_what_is_none() {
        let here = "arn:aws:states:us-east-1:000000000000";
        let prefix = [
            "".to_owned(),
            "no_an_activity_arn".to_owned(),
            "arn".to_owned(),
            "arn:aws:states".to_owned(),
            "arn:aws:lambda:us-east-1:000000000000:function:f".to_owned(),
            here.to_owned(),
            format!("{here}:stateMachine"),
            format!("{here}:stateMachine:"),
            format!("{here}:stateMachine::1"),
            format!("{here}:stateMachine:m:1:2"),
            format!("{here}:stateMachine:m/l:1"),
            format!("{here}:stateMachine:m/"),
            format!("{here}:stateMachine:/l"),
            format!("{here}:execution:m"),
            format!("{here}:execution:m:e:r"),
            format!("{here}:express:m:e"),
            format!("{here}:mapRun:m:r"),
            format!("{here}:activity:a:b"),
            format!("{here}:activity:a/b"),
        ];
        for text in prefix {
            let message = format!("Invalid Arn: 'Invalid ARN prefix: {text}'");
            assert_eq!(parse(&text), Err(InvalidArn::new(message)));
        }
        let message = "Invalid Arn: 'Resource type not valid in this context: queue'";
        assert_eq!(parse(&format!("{here}:queue:q")), Err(InvalidArn::new(message)));
    }

    #[test]
    fn takes_one_kind_where_one_is_expected() {
        type Reads = fn(&str) -> Option<InvalidArn>;
        let readers: [(&str, Reads); 4] = [
            ("stateMachine", |text| state_machine(text).err()),
            ("execution", |text| execution(text).err()),
            ("mapRun", |text| map_run(text).err()),
            ("activity", |text| activity(text).err()),
        ];
        for rest in ["stateMachine:m", "execution:m:e", "express:m:e:r", "mapRun:m/l:r", "activity:a"] {
            let text = format!("arn:aws:states:us-east-1:000000000000:{rest}");
            let kind = rest.split(':').next().unwrap();
            for (expected, read) in readers {
                let refusal = (kind != expected).then(|| out_of_place(kind));
                assert_eq!(read(&text), refusal, "{text} as {expected}");
            }
        }
    }

    #[test]
    fn prints_what_it_reads() {
        assert_eq!(
            parse(&HERE.state_machine("m")),
            Ok(Arn { place: HERE, resource: machine("m", None, None) })
        );
        assert_eq!(parse(&HERE.execution("m", "e")), Ok(Arn { place: HERE, resource: Resource::Execution }));
        assert_eq!(parse(&HERE.express("m", "e", "r")), Ok(Arn { place: HERE, resource: Resource::Express }));
        assert_eq!(parse(&HERE.activity("a")), Ok(Arn { place: HERE, resource: Resource::Activity }));
        assert_eq!(HERE.execution("m", "e"), "arn:aws:states:us-east-1:000000000000:execution:m:e");
    }

    #[test]
    fn a_region_has_its_partition() {
        for (region, partition) in
            [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
        {
            assert_eq!(partition_of(region), partition);
        }
    }

    #[test]
    fn a_role_is_an_arn() {
        for (role, is_arn) in [
            ("arn:aws:iam::000000000000:role/r", true),
            ("arn:aws:iam::000000000000:role/path/r", true),
            ("arn:aws:iam::000000000000:", false),
            ("arn:aws:iam", false),
            ("role/r", false),
            ("", false),
        ] {
            assert_eq!(check_role(role).is_ok(), is_arn, "{role}");
        }
    }
}
