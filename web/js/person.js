// The person blocks of a dossier, in the same words as the procedures' own forms; the patterns
// are those of the API.

const NAME = {
  type: 'string',
  title: 'Họ và tên',
  'x-en': 'Full name',
  description: 'Ghi đúng như trên giấy tờ, có dấu.',
  'x-en-description': 'As on the papers, with diacritics.',
  pattern: '^[^<>\\x00-\\x20][^<>\\x00-\\x1f]{0,118}[^<>\\x00-\\x20]$',
}
const NUMBER = {
  type: 'string',
  title: 'Số định danh cá nhân',
  'x-en': 'Personal identification number',
  description: '12 chữ số trên thẻ căn cước.',
  'x-en-description': 'The 12 digits of the identity card.',
  pattern: '^[0-9]{12}$',
}
const PHONE = {
  type: 'string',
  title: 'Số điện thoại',
  'x-en': 'Phone',
  description: 'Bắt đầu bằng số 0. Ví dụ: 0905 000 000.',
  'x-en-description': 'Starts with 0. For example: 0905 000 000.',
  pattern: '^(0|\\+84)[0-9]{8,10}$',
  'x-inputmode': 'tel',
}
const EMAIL = {
  type: 'string',
  title: 'Thư điện tử',
  'x-en': 'E-mail',
  description: 'Ví dụ: ten@example.vn.',
  'x-en-description': 'For example: name@example.vn.',
  pattern: '^[^@\\s<>]{1,64}@[^@\\s<>]{1,190}$',
  'x-inputmode': 'email',
}
const RELATION = {
  type: 'string',
  title: 'Quan hệ với trẻ',
  'x-en': 'Relationship to the child',
  description: 'Ví dụ: cha, mẹ, ông, bà, người giám hộ.',
  'x-en-description': 'For example: father, mother, grandparent, guardian.',
  maxLength: 60,
}
const ADDRESS = {
  type: 'string',
  title: 'Địa chỉ liên hệ',
  'x-en': 'Address',
  minLength: 5,
  maxLength: 200,
}
const REACH = { phone: PHONE, email: EMAIL, address: ADDRESS }
const called = (schema, title, en) => ({ ...schema, title, 'x-en': en })
const own = (schema, autocomplete) => ({ ...schema, 'x-autocomplete': autocomplete })
const plain = (schema, title, en) => ({ type: 'string', ...schema, title, 'x-en': en })

function block(title, en, required, properties) {
  return { type: 'object', title, 'x-en': en, required, properties }
}

/** Whoever files; the browser may offer what it knows of its own user. */
export const SUBMITTER = block('Người nộp hồ sơ', 'Who files', ['full_name', 'number'], {
  full_name: own(NAME, 'name'),
  number: NUMBER,
  phone: own(PHONE, 'tel'),
  email: own(EMAIL, 'email'),
  address: own(ADDRESS, 'street-address'),
})

const REPRESENTATIVE = block('Người đại diện của trẻ', "The child's representative", ['full_name', 'number', 'relation'], {
  full_name: NAME,
  number: NUMBER,
  relation: RELATION,
})

/** The kinds of owner, as the API tells them apart. */
export const OWNERS = {
  citizen: block('Chủ hồ sơ', 'The owner', ['full_name', 'number'], { full_name: NAME, number: NUMBER, ...REACH }),
  child: block('Chủ hồ sơ là trẻ em', 'The owner, a child', ['full_name', 'representative'], {
    full_name: NAME,
    number: called(NUMBER, 'Số định danh của trẻ, nếu đã có', "The child's number, if there is one"),
    representative: REPRESENTATIVE,
  }),
  organisation: block('Chủ hồ sơ là tổ chức', 'The owner, an organisation', ['full_name', 'number', 'representative'], {
    full_name: plain({ pattern: NAME.pattern }, 'Tên tổ chức', 'Name of the organisation'),
    number: plain({ pattern: '^[0-9]{10}(-?[0-9]{3})?$', 'x-inputmode': 'numeric' }, 'Mã số thuế', 'Tax number'),
    representative: called(NAME, 'Người đại diện theo pháp luật', 'Legal representative'),
    ...REACH,
  }),
  foreigner: block('Chủ hồ sơ là người nước ngoài', 'The owner, a foreigner', ['full_name', 'number', 'nationality'], {
    full_name: called(NAME, 'Họ và tên', 'Full name'),
    number: plain({ pattern: '^[A-Z0-9]{6,12}$' }, 'Số hộ chiếu', 'Passport number'),
    nationality: {
      ...plain({ pattern: '^[A-Z]{2}$', maxLength: 2 }, 'Mã quốc tịch', 'Nationality code'),
      description: '2 chữ cái. Ví dụ: LA (Lào), KH (Campuchia).',
      'x-en-description': 'Two letters. For example: LA (Laos), KH (Cambodia).',
    },
    ...REACH,
  }),
  without_papers: block('Chủ hồ sơ chưa có giấy tờ', 'The owner, without papers', ['full_name'], { full_name: NAME, ...REACH }),
}
