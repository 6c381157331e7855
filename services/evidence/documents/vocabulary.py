"""The words by which clinical documents name their type, their specialty and the people and dates on them.

Plain tables, read by `describing`. They hold the general vocabulary of clinical documents; no word here is taken from one
institution or one file.
"""

from __future__ import annotations

from enum import StrEnum


class DocumentType(StrEnum):
    """What kind of document it is."""

    PROGRESS_NOTE = "progress_note"
    CONSULTATION = "consultation"
    LAB_REPORT = "lab_report"
    IMAGING_REPORT = "imaging_report"
    PATHOLOGY_REPORT = "pathology_report"
    GENETIC_REPORT = "genetic_report"
    REFERRAL_LETTER = "referral_letter"
    DISCHARGE_SUMMARY = "discharge_summary"
    EMERGENCY_NOTE = "emergency_note"
    MEDICATION_LIST = "medication_list"
    INFUSION_NOTE = "infusion_note"
    OPERATIVE_NOTE = "operative_note"
    PATIENT_LETTER = "patient_letter"
    OTHER = "other"


# Title words, strongest first: the first pattern that a title line holds decides. Regular expressions, case-insensitive.
TITLES: tuple[tuple[str, DocumentType], ...] = (
    (r"discharge (?:summary|letter|report|note)|hospital discharge", DocumentType.DISCHARGE_SUMMARY),
    (r"infusion (?:note|record|visit|report|encounter|log|summary|cent(?:er|re)|suite)|infusion administration|"
     r"nursing infusion", DocumentType.INFUSION_NOTE),
    (r"medication (?:list|reconciliation|record|summary|history|review|profile)|list of (?:current )?medications?|"
     r"medicines? (?:list|summary)|prescription (?:list|record)", DocumentType.MEDICATION_LIST),
    (r"(?:emergency|ed|er|a&e|urgent care)(?: department| medicine| room| physician| provider)? (?:note|visit|record|"
     r"report|summary|"
     r"encounter|attendance|assessment|evaluation|chart)|emergency department", DocumentType.EMERGENCY_NOTE),
    (r"hla[ -]?\S*(?: \w+){0,4} (?:typing|genotyp\w*|flow cytometry|pcr)|genetic\w* (?:test|report|result|analysis|"
     r"testing|laboratory|evaluation)|genomic\w*|"
     r"pharmacogen\w*|molecular (?:genetics?|diagnostic\w*) (?:report|result)|exome|karyotype|histocompatibility|"
     r"gene panel|sequencing report|variant report|genotyping", DocumentType.GENETIC_REPORT),
    (r"(?:surgical |renal |kidney |skin |muscle |nerve |salivary gland |liver |duodenal |lip |anatomic(?:al)? )?"
     r"(?:patholog\w*|histopatholog\w*|dermatopatholog\w*|histolog\w*|cytolog\w*)(?: \w+)? (?:report|result|"
     r"consultation|findings)|"
     r"biopsy (?:report|result|findings)|surgical pathology|pathology", DocumentType.PATHOLOGY_REPORT),
    (r"(?:operative|operation|procedure|endoscopy|colonoscopy|gastroscopy|bronchoscopy|surgery|surgical|lumbar puncture|"
     r"arthrocentesis|joint injection|catheterization|injection|biopsy procedure) (?:report|note|record)|"
     r"(?:upper |upper gi |lower )?endoscopy|colonoscopy|gastroscopy|bronchoscopy|ileocolonoscopy",
     DocumentType.OPERATIVE_NOTE),
    (r"(?:radiology|imaging|radiograph\w*|diagnostic imaging|mri|mr|ct|hrct|x-?ray|ultrasound|ultrasonograph\w*|sonograph\w*|"
     r"echocardiogra\w*|dexa|dxa|bone densit\w*|pet|scintigraph\w*|mammogra\w*|oct|nuclear medicine)"
     r"(?:[ /-]\w+){0,5} (?:report|result\w*|examination|study|scan|interpretation|findings)",
     DocumentType.IMAGING_REPORT),
    (r"laborator\w* (?:report|results?|data|findings|summary)|lab (?:report|results?)|(?:cumulative|serology|immunology|"
     r"chemistry|"
     r"hematology|haematology|autoantibody|antibody|microbiology|urinalysis|blood test|test|clinical chemistry|"
     r"panel)(?: \w+){0,3} "
     r"(?:report|results?)|cumulative (?:laboratory )?report|laboratory results?|(?:autoantibody|antibody|metabolic|thyroid|"
     r"celiac|rheumatology) panel", DocumentType.LAB_REPORT),
    (r"after[- ]visit summary|patient (?:letter|instructions|summary|information)|letter to (?:the )?patient|results letter",
     DocumentType.PATIENT_LETTER),
    (r"referral(?: letter| form| note| request)?|letter of referral|referring letter", DocumentType.REFERRAL_LETTER),
    (r"\bmri\b|\bct\b|x-?ray|radiograph\w*|ultrasound (?:of|and)|echocardiogra\w*|\bdexa\b|\bdxa\b|bone densit\w*",
     DocumentType.IMAGING_REPORT),
    (r"first (?:visit|appointment)", DocumentType.CONSULTATION),
    (r"progress note|follow-?up(?:[ -]\w+)? (?:note|visit)|follow-?up|"
     r"(?:annual|routine|clinic|interval|treatment) review|return visit|"
     r"(?:clinic|office|outpatient|daily|"
     r"telehealth|"
     r"telephone|soap|interval|nursing|ward) (?:note|visit|letter|progress)|visit note", DocumentType.PROGRESS_NOTE),
    (r"consult(?:ation)?s?\b|initial (?:evaluation|visit|assessment|encounter)|new patient|second opinion|"
     r"specialist (?:evaluation|opinion)|history and physical|h&p|evaluation", DocumentType.CONSULTATION),
    (r"radiology|imaging|\bmri\b|\bct\b|x-?ray|ultrasound|echocardiogra\w*|radiograph\w*|\bdexa\b|\bdxa\b",
     DocumentType.IMAGING_REPORT),
    (r"laboratory|\blabs?\b", DocumentType.LAB_REPORT),
    (r"nerve (?:conduction|stimulation)|electromyograph\w*|catheteri[sz]ation|lumbar puncture|arthrocentesis",
     DocumentType.OPERATIVE_NOTE),
    (r"infusion", DocumentType.INFUSION_NOTE),
    (r"\bnote\b|clinic letter|visit|review", DocumentType.PROGRESS_NOTE),
)

# Sections that tell the type where no title does: each heading that is present adds its weight.
HEADING_CUES: dict[DocumentType, dict[str, int]] = {
    DocumentType.IMAGING_REPORT: {"technique": 3, "comparison": 2, "findings": 1, "impression": 1, "examination": 1},
    DocumentType.PATHOLOGY_REPORT: {
        "gross description": 4, "microscopic description": 4, "microscopy": 3, "specimen submitted": 3, "final diagnosis": 2,
        "immunofluorescence": 3, "electron microscopy": 3, "specimen": 1, "specimens": 1,
    },
    DocumentType.GENETIC_REPORT: {"variants detected": 4, "variant interpretation": 4, "hla typing": 3, "methodology": 1},
    DocumentType.DISCHARGE_SUMMARY: {
        "hospital course": 5, "discharge medications": 4, "discharge diagnosis": 4, "discharge diagnoses": 4,
        "reason for admission": 2, "discharge instructions": 2,
    },
    DocumentType.EMERGENCY_NOTE: {"emergency department course": 5, "ed course": 5, "disposition": 3, "chief complaint": 1},
    DocumentType.INFUSION_NOTE: {"infusion record": 5, "premedication": 3, "monitoring": 1},
    DocumentType.OPERATIVE_NOTE: {
        "postoperative diagnosis": 4, "preoperative diagnosis": 4, "estimated blood loss": 4, "anesthesia": 3,
        "anaesthesia": 3, "procedure details": 3, "complications": 2, "procedure": 1,
    },
    DocumentType.CONSULTATION: {
        "reason for consultation": 5, "reason for consult": 5, "reason for referral": 3, "history of present illness": 2,
        "past medical history": 1, "family history": 1,
    },
    DocumentType.PROGRESS_NOTE: {
        "interval history": 4, "interim history": 4, "subjective": 3, "objective": 2, "assessment": 2, "plan": 2,
        "assessment and plan": 3, "assessment & plan": 3, "assessment/plan": 3, "history of present illness": 1,
    },
    DocumentType.MEDICATION_LIST: {"active medications": 4, "discontinued medications": 4, "past medications": 3},
}

# The specialty a type stands for when nothing on the page names one.
IMPLIED_SPECIALTY: dict[DocumentType, str] = {
    DocumentType.LAB_REPORT: "laboratory_medicine",
    DocumentType.IMAGING_REPORT: "radiology",
    DocumentType.PATHOLOGY_REPORT: "pathology",
    DocumentType.GENETIC_REPORT: "genetics",
    DocumentType.EMERGENCY_NOTE: "emergency_medicine",
}

# Words that name a specialty, matched as whole words in titles, labels, signatures and letterheads.
SPECIALTIES: tuple[tuple[str, str], ...] = (
    ("rheumatology", r"rheumatolog\w*|"
     r"(?:arthritis|lupus|scleroderma|vasculitis|connective tissue disease) (?:clinic|cent(?:er|re)|service)"),
    ("nephrology", r"nephrolog\w*|renal (?:clinic|medicine|service|unit)"),
    ("dermatology", r"dermatolog\w*"),
    ("neurology", r"neurolog\w*|neuromuscular|neurophysiolog\w*|electromyograph\w*|nerve (?:conduction|stimulation|clinic)|"
     r"demyelinating disease|neurocritical|(?:stroke|epilepsy|headache|movement disorder) (?:clinic|unit|service)|"
     r"neuroimmunolog\w*|multiple sclerosis (?:clinic|cent(?:er|re))"),
    ("gastroenterology", r"gastroenterolog\w*|hepatolog\w*|digestive (?:health|disease)\w*|"
     r"\w*endoscopy|\w*colonoscopy|\bGI\b"),
    ("endocrinology", r"endocrinolog\w*|diabetolog\w*|"
     r"diabetes(?: \w+)? (?:clinic|cent(?:er|re)|service|review|visit|consult\w*)|thyroid (?:clinic|cent(?:er|re))"),
    ("ophthalmology", r"ophthalmolog\w*|optometr\w*|eye (?:clinic|cent(?:er|re)|institute|hospital)|oculoplastic\w*|"
     r"(?:uveitis|cornea|retina|glaucoma) (?:clinic|service)"),
    ("pulmonology", r"pulmonolog\w*|pulmonary(?! (?:function|hypertension|embol))\w*|respirolog\w*|"
     r"respiratory (?:medicine|clinic|service)|interstitial lung disease|pulmonary function"),
    ("cardiology", r"cardiolog\w*|echocardiograph\w* laborator\w*|heart failure clinic|(?:heart|cardiac) catheteri[sz]ation"),
    ("hematology", r"ha?ematolog\w*"),
    ("oncology", r"oncolog\w*"),
    ("orthopedics", r"orthopa?edic\w*|sports medicine|hand clinic|spine (?:clinic|cent(?:er|re)|service|surgery)"),
    ("primary_care", r"primary care|family (?:medicine|practice|physician|health)|general practi\w+|internal medicine|internist"),
    ("emergency_medicine", r"emergency (?:medicine|department|physician|room)|urgent care|accident and emergency|\bED\b"),
    ("radiology", r"radiolog\w*|diagnostic imaging|neuroradiolog\w*|medical imaging|imaging"),
    ("pathology", r"patholog\w*|dermatopatholog\w*|histopatholog\w*"),
    ("laboratory_medicine", r"laboratory medicine|clinical laborator\w*|reference laborator\w*|clinical chemistry|"
     r"clinical immunology laborator\w*"),
    ("genetics", r"genetics?\b|genomics?\b|histocompatibility|immunogenetics"),
    ("obstetrics", r"obstetric\w*|gyna?ecolog\w*|maternal[- ]fetal medicine|ob/?gyn|midwi\w+|"
     r"preconception (?:consult\w*|clinic|counsel\w*|visit|care)|antenatal|prenatal"),
    ("psychiatry", r"psychiatr\w*|behavioral health|psycholog\w*"),
    ("pediatrics", r"pa?ediatric\w*"),
    ("allergy_immunology", r"allerg(?:y|ist)\w*(?: (?:and|&) immunolog\w*)?|clinical immunolog\w*|immunologist"),
    ("infectious_disease", r"infectious diseases?|microbiolog\w*"),
    ("pain_medicine", r"pain (?:medicine|management|clinic|service|consult\w*)"),
    ("physical_therapy", r"physical therap\w*|physiotherap\w*|physiatr\w*|rehabilitation"),
    ("dentistry", r"dentist\w*|dental|oral medicine|stomatolog\w*"),
    ("otolaryngology", r"otolaryngolog\w*|\bENT\b|otorhinolaryngolog\w*"),
    ("urology", r"urolog\w*"),
    ("pharmacy", r"pharmac(?:y|ist)\b|clinical pharmac\w*"),
    ("surgery", r"(?:general |vascular |thoracic |hand )surg(?:ery|eon)\w*"),
    ("anesthesiology", r"ana?esthesiolog\w*"),
    ("nutrition", r"dietetic\w*|nutrition\w*|dietitian"),
    ("hospital_medicine", r"hospital medicine|hospitalist"),
)

# Lines that name somebody else's specialty: the reader of the letter, not its writer.
OTHER_PARTY = (
    r"\b(?:to|attn|attention|cc|copy to|copies|referred by|referring|referring (?:provider|physician|doctor)|referral to|"
    r"referred to|ordering|ordered by|ordering (?:provider|physician|clinician)|requested by|requesting|requested|"
    r"primary care (?:provider|physician)|pcp|gp|dear)\b"
)

# What a date is, by the words before it, best first. The first group that has a date decides.
DATE_LABELS: tuple[str, ...] = (
    r"(?:date of (?:service|visit|encounter|clinic|consultation|consult|exam(?:ination)?|study|procedure|operation|"
    r"surgery|infusion|"
    r"attendance|assessment|evaluation|letter|scan)|(?:service|visit|encounter|clinic|consultation|consult|"
    r"exam(?:ination)?|study|"
    r"procedure|operation|infusion|letter|note|scan|appointment) date|date seen|seen on|dos|document date|visit|encounter|"
    r"attended|exam performed|performed|date/time of (?:service|visit|exam|study|procedure)|study performed|infused on)",
    r"(?:date (?:of )?collect(?:ed|ion)|collect(?:ed|ion)(?: date)?(?: on| at)?|specimen (?:collected|date|collection)|"
    r"collection date(?:/time)?|sample (?:date|taken|collected)|drawn|date drawn|date of collection|date of specimen)",
    r"(?:discharged?(?: date| on)?|date of discharge)",
    r"(?:report(?:ed)? date|date (?:of )?report(?:ed)?|reported(?: on)?|report issued|issued(?: on)?|date issued|"
    r"result(?:ed)? date|"
    r"resulted|released|finali[sz]ed|date of issue|authori[sz]ed|verified|as of|updated|last updated|reconciled|list date)",
    r"(?:date|dated)",
    r"(?:admitted|admission(?: date)?|date of admission|received|date received|accessioned)",
    r"(?:(?:electronically |digitally )?signed(?: by| on| at)?|authenticated|dictated|transcribed|printed|generated)",
)
# Lines of an address, which may carry a word that names a type ("Pathology Block C, Heron Quay").
ADDRESS = (
    r"@|\b(?:tel|telephone|fax|phone|street|avenue|suite|block|building|floor|road|quay|drive|lane|parkway|terrace|crescent|wing|"
    r"boulevard|p\.?o\.? box|room|zip)\b|\(\d{3}\)|\d{3}-\d{4}"
)

# Words before a date that make it something else than the date of the document.
OTHER_DATES = (
    r"\b(?:dob|d\.o\.b\.?|birth|born|next|follow-?up|return|review on|expir\w+|since|onset|prior|previous(?:ly)?|"
    r"comparison|compared|"
    r"start(?:ed)?|stop(?:ped)?|until|from|diagnosed|last|first|due|effective|valid|referr(?:al|ed)|history|in|between|"
    r"and|to|"
    r"accredit\w*|licen[cs]e\w*|version|rev(?:ision)?|form)\b"
)

CREDENTIALS = (
    r"M\.?D\.?|D\.?O\.?|MBBS|MBChB|MB\s?BCh(?:ir)?|BMBS|Ph\.?D\.?|Pharm\.?D\.?|D\.?N\.?P\.?|FNP(?:-B?C)?|ANP(?:-B?C)?|"
    r"AGNP(?:-C)?|NP(?:-C)?|"
    r"APRN|CRNP|PA(?:-C)?|R\.?N\.?|BSN|MSN|CRNI|OCN|CNS|LPN|FACR|FACP|FRCP(?:C|Path)?|FRCR|FRCS|FCAP|FACG|FAAD|FAAN|"
    r"FACC|FACE|"
    r"FACOG|FACEP|FAAP|FASN|FACMG|FACS|FCCP|MRCP|MRCGP|MPH|MS|MSc|MHS|MHA|MBA|MACR|DABR|DABP|DABHI|DABMG|D\(ABHI\)|ABHI|"
    r"CGC|LCGC|"
    r"RPh|BCPS|BCACP|OD|DDS|DMD|DPM|DPT|PT|OT|LCSW|PsyD|CNM|RD|RDN|RRT|CRT|RPFT|MT\(ASCP\)|MLS(?:\(ASCP\))?|SCYM|FFPath|MRCPath|"
    r"FRCPath|FAHA|FASE|DPhil"
)
AUTHOR_LABELS: tuple[str, ...] = (
    r"(?:electronically |digitally )?(?:signed|authenticated|authori[sz]ed|verified|approved)(?: electronically|"
    r" and verified)?(?: by)?",
    r"(?:author|authored by|written by|dictated by|prepared by|completed by|documented by|provider|treating provider|"
    r"rendering provider|"
    r"attending(?: physician| provider)?|physician|clinician|consultant|seen by|radiologist|interpreting (?:physician|"
    r"radiologist)|"
    r"interpreted by|read by|reported by|reporting (?:radiologist|physician|pathologist|clinician)|pathologist|"
    r"laboratory director|lab(?:oratory)? director|medical director|director|surgeon|operator|endoscopist|performed by|"
    r"performing physician|"
    r"infusion nurse|nurse|pharmacist|reconciled by|reviewed by|examiner|geneticist|validated by|released by|scientist)",
    r"(?:sincerely|yours sincerely|yours faithfully|kind regards|best regards|with (?:kind|best) regards|regards|"
    r"respectfully)",
    r"from",
)
FACILITY_WORDS = (
    r"hospitals?|clinics?|medical (?:cent(?:er|re)|group|school|college|associates)|health (?:system|cent(?:er|re)|care|"
    r"services|network|"
    r"partners)|healthcare|infirmary|institute|laborator(?:y|ies)|labs|diagnostics|imaging|radiology|pathology|"
    r"associates|partners|"
    r"physicians|family (?:practice|medicine|health)|practice|medical|university|cent(?:er|re)|surgery|group|genomics|trust"
)
